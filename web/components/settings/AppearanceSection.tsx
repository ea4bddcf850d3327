import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { type Appearance, readAppearance, setAppearance } from '../../state/appearance.ts';

const CHOICES = [
  { appearance: 'system', label: 'As the system', icon: Monitor },
  { appearance: 'light', label: 'Light', icon: Sun },
  { appearance: 'dark', label: 'Dark', icon: Moon },
] as const;

export function AppearanceSection() {
  const [chosen, setChosen] = useState<Appearance>(readAppearance);
  const choose = (appearance: Appearance) => {
    setChosen(appearance);
    setAppearance(appearance);
  };
  return (
    <fieldset className="appearances">
      <legend className="hidden-visually">Appearance</legend>
      {CHOICES.map(({ appearance, label, icon: Icon }) => (
        <label key={appearance} className="appearance">
          <input
            type="radio"
            name="appearance"
            className="hidden-visually"
            checked={chosen === appearance}
            onChange={() => choose(appearance)}
          />
          <Icon aria-hidden size={24} strokeWidth={1.75} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
