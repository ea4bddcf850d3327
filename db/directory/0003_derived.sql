-- What is derived in Redis is believed in one epoch alone: it ends when a process without Redis, or with another one, changes
-- something.
create table derived_epoch (
  is_only boolean primary key default true check (is_only),
  epoch bigint not null default 1,
  used_by text not null default ''                  -- a hash of the addresses of Redis; '' : no process has any
);
insert into derived_epoch default values;
