create trigger count_card after insert or update or delete on post_media
  for each row execute function count_card_of_photos();
