-- Up Migration
-- A dense number for every machine of an application, which the history's bitmaps and keys use instead of its id. This is
-- the authority and is never rebuilt: a number is given once and never taken back, also not when the machine is deleted.
create table machine_number (
  application uuid not null,
  machine text not null check (char_length(machine) between 1 and 128),
  -- 2^31 machines: the history's columns hold twice as many.
  number integer generated always as identity unique,
  primary key (application, machine)
);

-- Down Migration
drop table machine_number;
