import { Aperture } from 'lucide-react';
import { Link } from 'wouter';
import { paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { useTitle } from '../ui/use-title.ts';

export function NotFoundPage() {
  useTitle('Not found');
  return (
    <div className="page narrow">
      <h1 className="hidden-visually">Not found</h1>
      <EmptyState
        icon={Aperture}
        title="There is nothing at this address"
        text="The link may be mistyped, or the page is gone."
      >
        <Link href={paths.home()} className={buttonClass({})} data-look="quiet">
          Go home
        </Link>
      </EmptyState>
    </div>
  );
}
