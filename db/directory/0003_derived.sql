-- What is derived in Redis is believed in one epoch alone: it ends when a process without Redis changes something.
create table derived_epoch (
  is_only boolean primary key default true check (is_only),
  epoch bigint not null default 1,
  in_use boolean not null default false             -- some process has Redis
);
insert into derived_epoch default values;
