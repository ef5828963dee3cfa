-- Who did it, with the kind that no name can fake. Facts of before kinds have none: `platte` was the name of rules then.
create or replace view v_activity {{on_cluster}} as
select app as application, at, kind, JSONExtractString(fact, 'actor') as actor,
       multiIf(JSONHas(fact, 'actorKind'), JSONExtractString(fact, 'actorKind'), actor in ('', 'platte'), 'rule', 'person') as actor_kind,
       JSONExtractString(fact, 'group') as `group`, JSONExtractString(fact, 'subject') as subject,
       JSONExtractString(fact, 'toVersion') as to_version, JSONExtractString(fact, 'cause') as cause, fact
from fact_archive final
where machine = ''
comment 'What people and rules did: rollouts started and halted, channels and policies changed, and who did it';
