import { useBlocks } from '../../api/graph.ts';
import { AccountList } from '../AccountList.tsx';

export function BlockedSection() {
  return <AccountList pages={useBlocks()} empty="You have blocked nobody." />;
}
