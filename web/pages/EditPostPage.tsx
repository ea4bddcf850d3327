import { ImageOff, X } from 'lucide-react';
import { Suspense, useLayoutEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { limits } from '../../core/limits.ts';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { faultOf, isNowhere } from '../api/client.ts';
import { usePost } from '../api/posts.ts';
import { ChangedPhotos, ChangedPicture } from '../components/ChangedPhotos.tsx';
import { CompletedText } from '../components/CompletedText.tsx';
import { FormError } from '../components/FormError.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { LazyEditor } from '../components/lazy-editor.ts';
import { NotHere } from '../components/NotHere.tsx';
import { PeopleDialog, PeopleRow } from '../components/PeopleDialog.tsx';
import { PostOptions } from '../components/PostOptions.tsx';
import { useChangedPost } from '../components/use-changed-post.ts';
import { useSaveChanges } from '../components/use-save-changes.ts';
import { t } from '../i18n/text.ts';
import { canGoBack, setLeaveGuard } from '../navigation.ts';
import { paths } from '../paths.ts';
import { type ChangedPhoto, type ChangedPost, changeOf } from '../state/post-changes.ts';
import { showToast } from '../state/toasts.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { TextArea } from '../ui/Field.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './new-post.css';

/** All that an author can change of a post that was shared. */
export function EditPostPage({ postId }: { postId: string }) {
  useTitle(t('composer.editPost'));
  const me = useMe();
  const post = usePost(postId);
  const isOwn = post.data !== undefined && me?.id === post.data.account.id;
  if (post.data ? !isOwn : isNowhere(post.error))
    return <NotYours postId={postId} isThere={post.data !== undefined} />;
  if (!post.data && post.error)
    return <LoadError isPage error={post.error} onRetry={() => void post.refetch()} />;
  // What some list knows of it may be old.
  if (!post.data || post.isPlaceholderData) return <Spinner isPage />;
  return <PostForm post={post.data} />;
}

function NotYours({ postId, isThere }: { postId: string; isThere: boolean }) {
  if (!isThere)
    return <NotHere icon={ImageOff} title={t('common.nothingHere')} text={t('common.nothingHereText')} />;
  return (
    <EmptyState isPage icon={ImageOff} title={t('composer.nothingToEdit')} text={t('composer.onlyAuthor')}>
      <Link href={paths.post(postId)} className="text-link">
        {t('composer.toThePost')}
      </Link>
    </EmptyState>
  );
}

function PostForm({ post }: { post: PostCard }) {
  const [, navigate] = useLocation();
  const { changed, set, shown, selectedAt, ...photos } = useChangedPost(post);
  const { save, isSaving, error, photoFault } = useSaveChanges(post);
  const hasUnsaved = changeOf(post, changed) !== null || changed.photos.some(({ edits }) => edits);
  const leaving = useUnsavedGuard(hasUnsaved);
  const [tagsPeople, setTagsPeople] = useState(false);
  const selected = shown[selectedAt];
  const position = selectedAt + 1;

  const leave = () => {
    setLeaveGuard(null);
    if (canGoBack()) history.back();
    else navigate(paths.post(post.id), { replace: true });
  };
  const submit = async () => {
    if (!(await save(changed, photos.forgetEdits))) return;
    showToast(t('composer.saved'));
    leave();
  };

  return (
    <div className="page new-post">
      <header className="page-head new-post-head">
        <IconButton label={t('common.cancel')} onClick={() => (hasUnsaved ? leaving.ask() : leave())}>
          <X aria-hidden size={24} strokeWidth={1.75} />
        </IconButton>
        <h1>{t('composer.editPost')}</h1>
        <Button isBusy={isSaving} disabled={isTooLong(changed)} onClick={() => void submit()}>
          {isSaving ? t('composer.saving') : t('composer.save')}
        </Button>
      </header>
      <FormError error={error ?? photos.error} />
      {photoFault && (
        <p className="notice" data-kind="error" role="alert">
          {photoFault}
        </p>
      )}
      <div className="editor" inert={isSaving}>
        <ChangedPhotos
          postId={post.id}
          photos={shown}
          at={selectedAt}
          isOpening={photos.isOpening}
          onSelect={photos.select}
          onMove={photos.move}
          onEdit={photos.openEditor}
        />
        <div className="editor-side">
          <CompletedText
            field={{
              label: t('composer.caption'),
              max: limits.captionMax,
              fault:
                changed.caption.length > limits.captionMax
                  ? t('composer.captionTooLong')
                  : faultOf(error, 'caption'),
            }}
            placeholder={t('composer.captionHint')}
            rows={4}
            value={changed.caption}
            onWrite={(caption) => set({ ...changed, caption })}
          />
          {selected && (
            <PhotoWords
              key={selected.photo.mediaId}
              changed={selected.changed}
              position={position}
              count={shown.length}
              onChange={(change) => photos.edit(selected.photo.mediaId, change)}
              onTag={() => setTagsPeople(true)}
            />
          )}
          <PostOptions
            choices={changed.choices}
            isPrivate={post.account.isPrivate}
            placeFault={faultOf(error, 'placeName')}
            onChange={(change) => set({ ...changed, choices: { ...changed.choices, ...change } })}
          />
        </div>
      </div>
      {photos.editor && (
        <Suspense>
          <LazyEditor {...photos.editor} doneLabel={t('composer.editingDone')} />
        </Suspense>
      )}
      {tagsPeople && selected && (
        <PeopleDialog
          position={position}
          picture={<ChangedPicture postId={post.id} shown={selected} size="stage" />}
          ratio={selected.photo.width / Math.max(1, selected.photo.height) || 1}
          people={selected.changed.people}
          onChange={(people) => photos.edit(selected.photo.mediaId, { people })}
          onClose={() => setTagsPeople(false)}
        />
      )}
      {leaving.isAsked && (
        <ConfirmDialog
          title={t('composer.leaveTitle')}
          text={t('composer.unsavedText')}
          confirm={t('composer.leave')}
          cancel={t('composer.keepEditing')}
          onConfirm={leave}
          onClose={leaving.stay}
        />
      )}
    </div>
  );
}

type PhotoWordsProps = {
  changed: ChangedPhoto;
  position: number;
  count: number;
  onChange: (change: Partial<ChangedPhoto>) => void;
  onTag: () => void;
};

function PhotoWords({ changed: { altText, people }, position, count, onChange, onTag }: PhotoWordsProps) {
  return (
    <section className="form" aria-label={t('composer.photo', { position })}>
      <TextArea
        label={count > 1 ? t('composer.descriptionOf', { position }) : t('composer.description')}
        hint={t('composer.descriptionHint')}
        rows={2}
        max={limits.altTextMax}
        value={altText}
        onChange={(event) => onChange({ altText: event.target.value })}
        fault={altText.length > limits.altTextMax ? t('composer.descriptionTooLong') : undefined}
      />
      <PeopleRow people={people} onOpen={onTag} />
    </section>
  );
}

function isTooLong({ caption, choices, photos }: ChangedPost): boolean {
  return (
    caption.length > limits.captionMax ||
    choices.placeName.length > limits.placeNameMax ||
    photos.some(({ altText }) => altText.length > limits.altTextMax)
  );
}

/** While something is not saved, leaving the page asks first. */
function useUnsavedGuard(isActive: boolean) {
  const [isAsked, setAsked] = useState(false);
  // In the layout phase: gone before a redirect to sign-in would be asked about it.
  useLayoutEffect(() => {
    if (!isActive) return;
    setLeaveGuard(() => {
      setAsked(true);
      return Promise.resolve(false);
    });
    return () => setLeaveGuard(null);
  }, [isActive]);
  return { isAsked, ask: () => setAsked(true), stay: () => setAsked(false) };
}
