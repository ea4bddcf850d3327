import { Component, type ReactNode } from 'react';
import { t } from '../i18n/text.ts';
import { Button } from './Button.tsx';

type Props = { children: ReactNode };
type State = { hasFailed: boolean };

/** What went wrong here is a bug of ours, or a part of the page that a new version has replaced, or that no network brings: loading again helps. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { hasFailed: false };

  static getDerivedStateFromError(): State {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    const isOffline = navigator.onLine === false;
    return (
      <div className="empty" role="alert">
        <h2>{t('common.cannotShow')}</h2>
        <p>{isOffline ? `${t('common.offline')} ${t('common.againOnline')}` : t('common.cannotShowText')}</p>
        <Button onClick={() => location.reload()}>{t('common.loadAgain')}</Button>
      </div>
    );
  }
}
