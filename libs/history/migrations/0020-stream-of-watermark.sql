-- Sequence numbers mean something only together with the stream that gave them. A stream that was lost and made again counts from
-- 1, and can outgrow the old watermark before the next rebuild: its creation time shows that it is another one.

alter table watermark {{on_cluster}} add column if not exists stream Int64 default 0 comment 'When the stream of seq was created (ms); 0: not known';
