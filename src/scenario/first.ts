export const serviceKinds = ["api", "web", "chat"] as const;
export type ServiceKind = (typeof serviceKinds)[number];

export function isServiceKind(text: string): text is ServiceKind {
  return serviceKinds.some((kind) => kind === text);
}

const tasks: Record<ServiceKind, string> = {
  api: `      List:
        weight: 3                          # three times as often as a task that has none
        get: /api/items?limit=20
        expect: { status: 200, within: 2s }
      Create and read:                     # several requests: if one fails, the rest is left out
        steps:
          - post: /api/items
            json: { name: "Item {{ uuid() }}" }
            expect: { status: 201 }
            capture: { id: $.id }          # a JSONPath into the answer
          - get: "/api/items/{{ id }}"
            name: /api/items/:id           # what it is counted under
`,
  web: `      Home:
        weight: 3                          # three times as often as a task that has none
        get: /
        expect: { status: 200, within: 2s }
      Search:
        get: "/search?q={{ randomString(3) }}"
        name: /search                      # what it is counted under, whatever was searched for
`,
  chat: `      Ask:
        post: /api/chat
        json: { message: "What can you do? {{ uuid() }}" }
        expect: { status: 200, within: 10s }
        deadline: 30s
`,
};

/** A scenario for somebody who has none: right as it is, and with comments. `kind` may be a path. */
export function firstScenario({ host, kind, file }: { host: string; kind: string; file: string }): string {
  const path = `      Get it:
        get: ${JSON.stringify(kind)}
        expect: { status: 200, within: 2s }
`;
  return `# A first scenario. docs/scenario.md has all that can be said here.
#
#   plimsoll check ${file}          prints what it would do
#   plimsoll check ${file} --once   does each task once
#   plimsoll run ${file}            runs its default profile
name: first
host: \${LOAD_TEST_HOST:-${host}}      # the service; --host wins over it

users:
  Visitor:                                 # a user class; there may be several, with weights
    wait: 1s..3s                           # between two tasks
    # headers: { authorization: "Bearer \${API_TOKEN}" }     # a secret: it is shown nowhere
    tasks:
${isServiceKind(kind) ? tasks[kind] : path}
profiles:
  default: { users: 10, spawnRate: 5/s, duration: 1m }
  steady: { arrivals: 20/s, duration: 5m }                  # on schedule, whatever the answers do
  stress: { stages: [{ users: 100, from: 10, over: 10m }] }

# The service's own health, on the same clock; plimsoll watch --discover URL writes this for what it finds.
# watch:
#   app: { prometheus: /metrics }
#   pool:
#     json: /status
#     metrics:
#       db_pool_connections{state="in_use"}: $.pool.used
#       db_pool_connections_max: $.pool.size

thresholds:                                # a missed target is a warning, a missed critical limit fails the run
  - p95(latency) target < 500ms critical < 1s
  - ratio(errors) < 1%
`;
}
