import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

type EmptyStateProps = {
  icon: LucideIcon;
  title: string;
  text?: ReactNode;
  /** There is nothing else on the page. */
  isPage?: boolean;
  children?: ReactNode;
};

export function EmptyState({ icon: Icon, title, text, isPage = false, children }: EmptyStateProps) {
  const Title = isPage ? 'h1' : 'h2';
  return (
    <div className="empty">
      <Icon aria-hidden size={40} strokeWidth={1.25} />
      <Title>{title}</Title>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}
