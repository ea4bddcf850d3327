import { Blend, Crop, type LucideIcon, SlidersHorizontal } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import type { Key } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';

export type Tool = 'filter' | 'adjust' | 'crop';

const TOOLS: readonly { tool: Tool; label: Key; Icon: LucideIcon }[] = [
  { tool: 'filter', label: 'editor.filter', Icon: Blend },
  { tool: 'adjust', label: 'editor.adjust', Icon: SlidersHorizontal },
  { tool: 'crop', label: 'editor.crop', Icon: Crop },
];

const PANEL_ID = 'editor-panel';

export function ToolTabs({ tool, onChoose }: { tool: Tool; onChoose: (tool: Tool) => void }) {
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const towards = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!towards) return;
    const step = document.dir === 'rtl' ? -towards : towards;
    event.preventDefault();
    const at = TOOLS.findIndex((each) => each.tool === tool);
    const next = TOOLS.at((at + step) % TOOLS.length)?.tool ?? tool;
    onChoose(next);
    document.getElementById(tabId(next))?.focus();
  };
  return (
    <div className="editor-tools" role="tablist" aria-label={t('editor.tools')} onKeyDown={onKeyDown}>
      {TOOLS.map(({ tool: each, label, Icon }) => (
        <button
          key={each}
          type="button"
          id={tabId(each)}
          role="tab"
          className="editor-tool"
          aria-selected={each === tool}
          aria-controls={PANEL_ID}
          tabIndex={each === tool ? 0 : -1}
          onClick={() => onChoose(each)}
        >
          <Icon aria-hidden size={22} />
          {t(label)}
        </button>
      ))}
    </div>
  );
}

/** What makes an element the panel of this tool. */
export function toolPanel(tool: Tool) {
  return { id: PANEL_ID, role: 'tabpanel', 'aria-labelledby': tabId(tool) };
}

function tabId(tool: Tool): string {
  return `editor-tool-${tool}`;
}
