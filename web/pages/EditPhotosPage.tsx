import { ImageOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Edits } from '../../core/edits.ts';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { isGone, sentenceOf } from '../api/client.ts';
import { type EditablePhoto, useEditablePhotos, useSaveEdits } from '../api/photos.ts';
import { usePost } from '../api/posts.ts';
import { LoadError } from '../components/LoadError.tsx';
import Editor from '../editor/Editor.tsx';
import { t } from '../i18n/text.ts';
import { canGoBack, setLeaveGuard } from '../navigation.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';

/** The photos of a post that was shared, edited again from the whole picture. */
export function EditPhotosPage({ postId }: { postId: string }) {
  useTitle(t('editor.editPhotos'));
  const me = useMe();
  const post = usePost(postId);
  const isOwn = post.data !== undefined && me?.id === post.data.account.id;
  const photos = useEditablePhotos(isOwn ? post.data : undefined);
  const failed = photos.find((photo) => photo.error);
  if (post.data ? !isOwn : isGone(post.error)) return <NotYours postId={postId} />;
  if (!post.data && post.error) return <LoadError error={post.error} onRetry={() => void post.refetch()} />;
  if (failed) return <LoadError error={failed.error} onRetry={() => void failed.refetch()} />;
  const loaded = photos.flatMap(({ data }) => data ?? []);
  if (!post.data || loaded.length < photos.length) return <Spinner />;
  return loaded.length === 0 ? <NotYours postId={postId} /> : <PostEditor post={post.data} photos={loaded} />;
}

function NotYours({ postId }: { postId: string }) {
  return (
    <EmptyState icon={ImageOff} title={t('editor.nothingToEdit')} text={t('editor.onlyAuthor')}>
      <Link href={paths.post(postId)} className="text-link">
        {t('editor.toThePost')}
      </Link>
    </EmptyState>
  );
}

type PostEditorProps = { post: PostCard; photos: readonly EditablePhoto[] };

function PostEditor({ post, photos }: PostEditorProps) {
  const save = useSaveEdits(post.id);
  const [, navigate] = useLocation();
  const [selectedKey, setSelectedKey] = useState(photos[0]?.mediaId ?? '');
  const [changed, setChanged] = useState<ReadonlyMap<string, Edits>>(new Map());
  const [isSaving, setSaving] = useState(false);
  const [asksLeave, setAsksLeave] = useState(false);
  const editsOf = ({ mediaId, edits }: EditablePhoto) => changed.get(mediaId) ?? edits;
  const unsaved = photos.filter((photo) => !isSame(editsOf(photo), photo.edits));
  const hasUnsaved = unsaved.length > 0 && !isSaving;
  useEffect(() => {
    if (!hasUnsaved) return;
    setLeaveGuard(() => {
      setAsksLeave(true);
      return Promise.resolve(false);
    });
    return () => setLeaveGuard(null);
  }, [hasUnsaved]);

  const leave = () => {
    setLeaveGuard(null);
    if (canGoBack()) history.back();
    else navigate(paths.post(post.id), { replace: true });
  };
  const saveAll = async () => {
    if (isSaving) return;
    setSaving(true);
    try {
      for (const photo of unsaved) await save.mutateAsync({ mediaId: photo.mediaId, edits: editsOf(photo) });
      leave();
    } catch (error) {
      showToast(sentenceOf(error));
      setSaving(false);
    }
  };

  return (
    <>
      <Editor
        photos={photos.map((photo) => ({
          key: photo.mediaId,
          picture: photo.picture,
          edits: editsOf(photo),
          label: t('editor.photo', {
            position: post.photos.findIndex(({ mediaId }) => mediaId === photo.mediaId) + 1,
          }),
        }))}
        selectedKey={selectedKey}
        onSelect={setSelectedKey}
        onChange={(key, edits) => setChanged((before) => new Map(before).set(key, edits))}
        onUseForAll={(look) =>
          setChanged(new Map(photos.map((photo) => [photo.mediaId, { ...editsOf(photo), look }])))
        }
        doneLabel={isSaving ? t('editor.saving') : t('editor.save')}
        onDone={() => void saveAll()}
        onCancel={() => (hasUnsaved ? setAsksLeave(true) : leave())}
      />
      {asksLeave && (
        <ConfirmDialog
          title={t('editor.leaveTitle')}
          text={t('editor.leaveText')}
          confirm={t('editor.leave')}
          cancel={t('editor.keepEditing')}
          onConfirm={leave}
          onClose={() => setAsksLeave(false)}
        />
      )}
    </>
  );
}

function isSame(a: Edits, b: Edits): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
