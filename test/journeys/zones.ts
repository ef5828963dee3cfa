// Moments by the clock on a wall, for journeys across a change of summer time. Not the product's own arithmetic, so that both
// cannot share a mistake.

const dayMs = 86_400_000;

/** How far the zone's clocks are ahead of UTC at that moment. */
function offsetMs(zone: string, at: number): number {
  const shown = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')!.value;
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d+):(\d+))?/.exec(shown)!;
  return sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** When a clock in the zone shows that time on that day (`2027-03-26`); never asked about an hour that a change repeats. */
export function wallTime(zone: string, date: string, time: string): number {
  const asUtc = Date.parse(`${date}T${time}Z`);
  return asUtc - offsetMs(zone, asUtc - offsetMs(zone, asUtc));
}

/** The date of the next change of summer time (a Sunday, wherever office hours matter), at least four days from then. */
export function nextChange(zone: string, after: number): string {
  const noon = Math.ceil(after / dayMs) * dayMs + dayMs / 2;
  for (let day = noon + 4 * dayMs; day < noon + 400 * dayMs; day += dayMs) {
    if (offsetMs(zone, day) !== offsetMs(zone, day - dayMs)) return toDate(day);
  }
  throw new Error(`the clocks of ${zone} are never changed`);
}

export function addDays(date: string, days: number): string {
  return toDate(Date.parse(`${date}T12:00Z`) + days * dayMs);
}

function toDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
