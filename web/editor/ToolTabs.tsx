import { Blend, Crop, type LucideIcon, SlidersHorizontal } from 'lucide-react';
import type { KeyboardEvent } from 'react';

export type Tool = 'filter' | 'adjust' | 'crop';

const TOOLS: readonly { tool: Tool; label: string; Icon: LucideIcon }[] = [
  { tool: 'filter', label: 'Filter', Icon: Blend },
  { tool: 'adjust', label: 'Adjust', Icon: SlidersHorizontal },
  { tool: 'crop', label: 'Crop', Icon: Crop },
];

const PANEL_ID = 'editor-panel';

export function ToolTabs({ tool, onChoose }: { tool: Tool; onChoose: (tool: Tool) => void }) {
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = TOOLS.findIndex((each) => each.tool === tool);
    const next = TOOLS.at((at + step) % TOOLS.length)?.tool ?? tool;
    onChoose(next);
    document.getElementById(tabId(next))?.focus();
  };
  return (
    <div className="editor-tools" role="tablist" aria-label="Tools" onKeyDown={onKeyDown}>
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
          {label}
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
