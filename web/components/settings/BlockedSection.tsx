import { useBlocks } from '../../api/graph.ts';
import { t } from '../../i18n/text.ts';
import { AccountList } from '../AccountList.tsx';

export function BlockedSection() {
  return <AccountList pages={useBlocks()} empty={t('settings.nobodyBlocked')} />;
}
