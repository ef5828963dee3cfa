-- Groups whose machines asked in vain, as their channel offers no package: once a day and group, for the activity feed.

create table if not exists missing_package {{on_cluster}}
(
    app LowCardinality(String),
    day Date codec(Delta, ZSTD(1)),
    grp LowCardinality(String) comment 'The group''s UUID; empty: none',
    at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) comment 'When the first machine of that day asked'
)
engine = {{engine:AggregatingMergeTree}}
partition by toYYYYMM(day)
order by (app, day, grp)
ttl day + interval 400 day
comment 'Days on which machines of a group were answered no-package. A minimum is the same however often a fact arrives. The order serves the newest days of an application';

create materialized view if not exists missing_package_mv {{on_cluster}} to missing_package as
select app, toDate(f.at) as day, grp, min(f.at) as at
from fact_in as f
where reason = 'no-package'
group by app, day, grp;
