alter table activity
  drop constraint activity_kind_check,
  add constraint activity_kind_check check (kind in ('liked', 'commented', 'followed', 'follow_requested',
    'follow_accepted', 'mentioned', 'replied', 'comment_liked', 'tagged')) not valid;
