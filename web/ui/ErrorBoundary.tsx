import { Component, type ReactNode } from 'react';
import { Button } from './Button.tsx';

type Props = { children: ReactNode };
type State = { hasFailed: boolean };

/** What went wrong here is a bug of ours, or a part of the page that a new version has replaced: loading again helps. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { hasFailed: false };

  static getDerivedStateFromError(): State {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div className="empty" role="alert">
        <h2>This page could not be shown</h2>
        <p>Something went wrong in the browser. Nothing that you shared is lost.</p>
        <Button onClick={() => location.reload()}>Load again</Button>
      </div>
    );
  }
}
