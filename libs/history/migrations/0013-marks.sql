-- What each table is to the log: the one place that says so, read by `platte verify` and `platte replay`, which name no table.
-- A table that is added later carries its mark in its own comment; a test looks for those without one.
--
-- [fold]       follows from the facts: rebuilt, compared and switched. `where …`: the rows that count, as others only mask them
-- [position]   how far the fold is and what it has not folded yet: rebuilt and switched with the folds, never compared
-- [authority]  follows from nothing that is kept elsewhere: never touched
-- [working]    holds nothing that lasts
--
-- [position] on a column: it tells how a row was made, not what is so, and is not compared.

alter table fact_in {{on_cluster}} modify comment '[working] Where facts are inserted: keeps nothing, feeds what the views take from it';

alter table fact {{on_cluster}} modify comment '[fold] Every fact of every machine, once. The order serves one machine''s history and folding by machine; weekly partitions serve ranges and the TTL. Read with FINAL where rows are counted';

alter table fresh {{on_cluster}} modify comment '[position] What facts tell of a machine''s state, by arrival, kept until the rebuild has passed them: what is added at query time. Partitions below the watermark are dropped';

alter table machine_detail {{on_cluster}} modify comment '[fold] What each machine said of itself in its newest check-in, and the way from its id to its number';

alter table machine_answer {{on_cluster}} modify comment '[fold] The last answer of every machine: why was it not updated?';

alter table failure {{on_cluster}} modify comment '[fold] Facts that brought failed, rolled-back or timed-out, in time order: which errors, of which versions and OEMs, when';

alter table fact_archive {{on_cluster}} modify comment '[authority] Each fact whole: the authority for what is older than FACTS keeps, so back it up. Small granules serve one machine''s facts and an application''s activity (machine is empty)';

alter table presence_hour {{on_cluster}} modify comment '[fold] Machines seen per hour by version and by the status that their facts brought: presence timelines up to weeks, seen in a range';

alter table presence_day {{on_cluster}} modify comment '[fold] The same per day, kept for three years';

alter table machine {{on_cluster}} modify comment '[fold] Every machine as of the watermark. Facts that arrived since are in fresh: the view v_machine is both together';

alter table transition {{on_cluster}} modify comment '[fold where gone = 0] Moments at which a machine''s group, channel, arch, OEM, version, status or activity changed, with what it was before. Time order serves the delta rollup, which reads minutes, and the fleet as of any moment';

alter table delta {{on_cluster}} modify comment '[fold where d != 0] As-of timelines are its running sum. Whole minutes and hours are recomputed from transition, never incremented; hours are kept for good because they carry the sum';

alter table watermark {{on_cluster}} modify comment '[position] How far the rebuild has come (transitions), and the newest run that began to publish (publishing): one row each';

alter table stage_seed {{on_cluster}} modify comment '[working] Machines that a rebuild touches, with their state before its facts; dropped at its end';

alter table stage_transition {{on_cluster}} modify comment '[working] Transitions that a rebuild found, partitioned by its attempt (in run); dropped at its end';

alter table missing_package {{on_cluster}} modify comment '[fold] Days on which machines of a group were answered no-package. A minimum is the same however often a fact arrives. The order serves the newest days of an application';

alter table machine_mark {{on_cluster}} modify comment '[fold] What people wrote on machines: names, labels, holds. PostgreSQL is the authority; this is from their facts';

alter table machine_name {{on_cluster}} modify comment '[fold] Number of each machine that checked in. Those that have not since this table was made are only in machine_detail, where questions look for whom they do not find here';

alter table machine {{on_cluster}} comment column run '[position] Of the rebuild that wrote the row: the newest counts';

alter table transition {{on_cluster}} comment column run '[position] Of the rebuild that wrote the row: the newest counts';

alter table delta {{on_cluster}} comment column run '[position] Of the rebuild that wrote the row: the newest counts';
