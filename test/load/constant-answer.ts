// The answer of the servers that decide nothing: as long as a usual one. A string: node sends it with the headers in one piece, a
// Buffer would be a second one. Baselines shall be good ones.
export const constantAnswer = `<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0" server="platte">
  <daystart elapsed_seconds="49008" elapsed_days="7265"/>
  <app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" status="ok">
    <ping status="ok"/>
    <updatecheck status="noupdate" PollInterval="2700" info="up-to-date"/>
  </app>
</response>
`;
