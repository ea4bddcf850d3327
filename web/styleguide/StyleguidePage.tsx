/** Every part in its states, for whoever changes one: /styleguide, while developing only. */
import { ImageOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { AccountRow } from '../components/AccountRow.tsx';
import { ActivityRow } from '../components/ActivityRow.tsx';
import { FollowButton } from '../components/FollowButton.tsx';
import { FormError } from '../components/FormError.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { PostGrid } from '../components/PostGrid.tsx';
import { PostView } from '../components/PostView.tsx';
import { ProfileHeader } from '../components/ProfileHeader.tsx';
import { ProfileTabs } from '../components/ProfileTabs.tsx';
import { SearchRows } from '../components/SearchRows.tsx';
import { SuggestedAccounts } from '../components/Suggestions.tsx';
import { LanguageField } from '../components/settings/LanguageField.tsx';
import { useCombobox } from '../components/use-combobox.ts';
import { showToast } from '../state/toasts.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Button } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Field, Switch, TextArea } from '../ui/Field.tsx';
import { Menu } from '../ui/Menu.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import { Wordmark } from '../ui/Wordmark.tsx';
import { Composing } from './Composing.tsx';
import { Covers } from './Covers.tsx';
import { Notes } from './Notes.tsx';
import { account, activity, people, posts, profile } from './samples.ts';
import { Talk } from './Talk.tsx';
import './styleguide.css';

const SIZES = ['s', 'm', 'l', 'xl', 'xxl'];
const COLOURS = ['paper', 'sunken', 'line', 'line-strong', 'muted', 'ink', 'accent', 'accent-wash', 'solid'];
const LOOKS = ['solid', 'quiet', 'plain', 'danger'] as const;
const KINDS = [
  'liked',
  'commented',
  'followed',
  'follow_requested',
  'follow_accepted',
  'mentioned',
  'replied',
  'comment_liked',
  'tagged',
] as const;
const noop = () => undefined;
const profiles = [
  ['Mine', profile(account('ann', 'Ann Archer', { isSelf: true }))],
  [
    'Of somebody',
    profile({ ...people.long, relationship: account('x', '', { followsYou: true }).relationship }),
  ],
  ['Right to left', profile({ ...people.arabic }, { bio: 'ضوء وحجر' })],
  ['Private', profile(account('shut', 'A Private Person', {}, true), { canSeePosts: false, bio: '' })],
  ['Blocked', profile(account('noise', 'Too Loud', { blocked: true }), { canSeePosts: false })],
] as const;

const SUGGESTED = [
  { ...account('lively', 'A Lively One'), followedBy: null },
  { ...account('known', 'Known By One'), followedBy: { accounts: [people.ann], count: 1 } },
  { ...people.arabic, followedBy: { accounts: [people.ann, people.long], count: 14 } },
];

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section className="part">
      <h2>{name}</h2>
      <div className="part-states">{children}</div>
    </section>
  );
}

export function StyleguidePage() {
  useTitle('Styleguide');
  return (
    <div className="styleguide">
      <h1>Styleguide</h1>
      <Basics />
      <Forms />
      <People />
      <Part name="Posts">
        {posts.map(([name, post]) => (
          <figure key={name}>
            <figcaption className="muted">{name}</figcaption>
            <PostView post={post} isFirst={false} />
          </figure>
        ))}
      </Part>
      <Part name="Comments">
        <Talk />
      </Part>
      <Part name="A new post">
        <Composing />
      </Part>
      <Part name="Over the whole screen">
        <Covers />
      </Part>
      <Part name="Profiles">
        {profiles.map(([name, each]) => (
          <figure key={name} className="styleguide-wide">
            <figcaption className="muted">{name}</figcaption>
            <ProfileHeader profile={each} />
            {each.relationship.isSelf && <ProfileTabs handle={each.handle} isSelf shown="posts" />}
          </figure>
        ))}
      </Part>
      <Part name="Messages and questions">
        <Notes />
      </Part>
      <Part name="Grid">
        <div className="styleguide-wide">
          <PostGrid posts={posts.map(([, post]) => post)} />
        </div>
      </Part>
      <Part name="Activity">
        <ul className="styleguide-wide">
          {KINDS.map((kind) => (
            <ActivityRow key={kind} item={activity(kind)} />
          ))}
          <ActivityRow item={activity('liked', { others: [people.long, people.arabic], otherCount: 12 })} />
        </ul>
      </Part>
      <Part name="Nothing, loading, failed">
        <EmptyState
          icon={ImageOff}
          title="Nothing here yet"
          text="What is missing, and what to do about it."
        />
        <Spinner />
        <LoadError error={new ApiError(503, 'database_unavailable', '')} onRetry={noop} />
      </Part>
    </div>
  );
}

function Basics() {
  return (
    <>
      <Part name="Type">
        <Wordmark />
        {SIZES.map((size) => (
          <p key={size} style={{ fontSize: `var(--text-${size})` }}>
            {`--text-${size}: the photos are the colour`}
          </p>
        ))}
      </Part>
      <Part name="Colours">
        {COLOURS.map((name) => (
          <span key={name} className="swatch" style={{ background: `var(--${name})` }} title={name} />
        ))}
      </Part>
      <Part name="Buttons">
        {LOOKS.map((look) => (
          <p key={look} className="styleguide-row">
            <Button look={look}>Share</Button>
            <Button look={look} isSmall>
              Small
            </Button>
            <Button look={look} disabled>
              Disabled
            </Button>
            <Button look={look} isBusy>
              Busy
            </Button>
          </p>
        ))}
        <Menu
          label="More"
          entries={[
            { label: 'Copy link', icon: null, run: () => showToast('Link copied') },
            { label: 'Delete', icon: null, isDanger: true, run: noop },
          ]}
        />
      </Part>
    </>
  );
}

function Forms() {
  return (
    <Part name="Fields">
      <Field label="Name" value="Ann Archer" readOnly />
      <Field label="With a hint" hint="Your address here, such as ann" value="" readOnly />
      <Field label="With a fault" fault="This handle is taken." value="ann" readOnly />
      <TextArea label="Almost full" max={150} value={'So many words. '.repeat(9)} readOnly />
      <LanguageField />
      <Switch label="On" hint="What it does" isOn onChange={noop} />
      <Switch label="Off" isOn={false} onChange={noop} />
      <Switch label="Not to be changed" isOn={false} disabled onChange={noop} />
      <FormError error={new ApiError(429, 'limited', '', [], 40)} />
    </Part>
  );
}

function People() {
  const found = [
    { kind: 'account' as const, account: people.ann, end: <FollowButton account={people.ann} isSmall /> },
    { kind: 'hashtag' as const, tag: 'granite', postCount: 1_234_567, end: null },
    { kind: 'hashtag' as const, tag: 'صباح', end: null },
  ];
  const combobox = useCombobox(found.length, noop);
  return (
    <Part name="Accounts">
      <Avatar url={null} name="Ann" size={64} />
      <ul className="styleguide-wide">
        {Object.values(people).map((each) => (
          <AccountRow key={each.handle} account={each} />
        ))}
        {[
          account('no', 'Not followed'),
          account('back', 'Follows me', { followsYou: true }),
          account('asked', 'Was asked', { following: 'requested' }, true),
          account('yes', 'Followed', { following: 'yes' }),
          account('shut', 'Blocked', { blocked: true }),
        ].map((each) => (
          <AccountRow key={each.handle} account={each}>
            <FollowButton account={each} isSmall />
          </AccountRow>
        ))}
      </ul>
      <div className="styleguide-wide">
        <SearchRows label="Found" entries={found} combobox={combobox} onOpen={noop} />
        <SuggestedAccounts title="People you could follow" accounts={SUGGESTED} />
      </div>
    </Part>
  );
}
