// Addresses of this server. They are relative to this file, so that the pages work below any path prefix of a proxy.

const ROOT = new URL("../../", import.meta.url);

// Returns the full address of a path such as "api/cameras".
export const addressOf = (path) => new URL(path, ROOT).href;

// Returns the address of a WHEP session from the Location of its answer. A proxy may serve us below a prefix that the
// server does not know, and that its Location lacks.
export const sessionAddress = (camera, location) => addressOf(`whep/${camera}/${location.split("/").at(-1)}`);
