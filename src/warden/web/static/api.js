// The JSON API, always relative to where the page is: it may stand under any path of any host.

const root = new URL("api/v1/", document.baseURI);
root.username = root.password = ""; // fetch refuses addresses with credentials in them

/** What went wrong, in a sentence for people; `status` is 0 when the daemon did not answer at all. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The address of a resource of the API. */
export function address(path) {
  return new URL(path, root).href;
}

/** The path of a process, or of something that belongs to it. */
export function processPath(namespec, ...rest) {
  return ["processes", encodeURIComponent(namespec), ...rest].join("/");
}

/** Read a resource. Throws: Problem. */
export function get(path, signal) {
  return request(path, { signal });
}

/** Have something done. Throws: Problem. */
export function post(path, body = {}) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(address(path), { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the daemon does not answer");
  }
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  throw new Problem(response.status, body?.detail || body?.title || `${response.status} ${response.statusText}`);
}
