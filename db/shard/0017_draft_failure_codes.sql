-- Beside the sentence, for clients in other languages.
alter table drafts add column failure_code text;
