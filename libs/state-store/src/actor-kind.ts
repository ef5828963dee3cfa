// The kind of the actor of a row, in SQL. Programs of before kinds stored none, and during a rolling upgrade they still do:
// `platte` was the name of rules then, a name that a token has or had is taken for the token, any other for a person.
export function actorKind(name: string, kind: string): string {
  return `coalesce(${kind}, case when ${name} = 'platte' then 'rule'
    when ${name} in (select token.name from access_token token) then 'token' else 'person' end)`;
}
