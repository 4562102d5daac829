import { useState } from "preact/hooks";
import type { Shown } from "../../runs/view-sink.ts";
import type { Choices } from "../control.ts";
import { Fold } from "./section.tsx";
import { command } from "./source.ts";

interface Started {
  profile: string;
  host: string;
  users: number | null;
  spawnRate: number | null;
  /** A second. */
  arrivals: number | null;
  durationMs: number | null;
  classes: string[];
  tags: string[];
}

function number(data: FormData, name: string): number | null {
  const text = String(data.get(name) ?? "").trim();
  return text === "" ? null : Number(text);
}

interface StartFormProps {
  choices: Choices;
  /** A run is shown: the form gives way to what came of it. */
  again: boolean;
}

/** Locust's start form, with the scenario's own profiles. What is left empty is the profile's. */
export function StartForm({ choices, again }: StartFormProps) {
  const [problem, setProblem] = useState<string>();
  const [starting, setStarting] = useState(false);
  const [name, setName] = useState(choices.profile);
  const profile = choices.profiles.find((one) => one.name === name);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const seconds = number(data, "duration");
    const body: Started = {
      profile: name,
      host: String(data.get("host")),
      users: number(data, "users"),
      spawnRate: number(data, "spawnRate"),
      arrivals: number(data, "arrivals"),
      durationMs: seconds === null ? null : seconds * 1000,
      classes: data.getAll("classes").map(String),
      tags: data.getAll("tags").map(String),
    };
    setStarting(true);
    const refused = await command("runs", body);
    setProblem(refused);
    // Else until the first second of the run is here.
    if (refused !== undefined) setStarting(false);
  };
  const given = (value: number | null | undefined) => (value == null ? "" : String(value));
  const form = (
    <form class="start" onSubmit={submit}>
      <h2>Start a run of {choices.scenario}</h2>
      <label>
        Profile
        <select name="profile" value={name} onChange={(event) => setName(event.currentTarget.value)}>
          {choices.profiles.map((one) => (
            <option key={one.name}>{one.name}</option>
          ))}
        </select>
      </label>
      <label>
        Host
        <input name="host" type="url" defaultValue={choices.host} placeholder="the scenario's" />
      </label>
      {profile?.arrivals == null ? (
        <>
          <label>
            Users
            <input name="users" type="number" min="1" step="1" placeholder={given(profile?.users)} />
          </label>
          <label>
            Users started a second
            <input name="spawnRate" type="number" min="0.001" step="any" placeholder={given(profile?.spawnRate)} />
          </label>
        </>
      ) : (
        <label>
          Arrivals a second
          <input name="arrivals" type="number" min="0.001" step="any" placeholder={given(profile.arrivals)} />
        </label>
      )}
      <label>
        Duration in seconds
        <input
          name="duration"
          type="number"
          min="1"
          step="1"
          placeholder={given(profile?.durationMs == null ? null : profile.durationMs / 1000)}
        />
      </label>
      <Choose title="User classes (none: all)" name="classes" of={choices.classes} />
      <Choose title="Tags (none: all)" name="tags" of={choices.tags} />
      <button type="submit" class="primary">
        Start
      </button>
      <p role="status">{starting ? "Starting: the first figures come in a second or two." : ""}</p>
      <Problem text={problem} />
    </form>
  );
  return again ? <Fold title="Start another run">{form}</Fold> : form;
}

function Choose({ title, name, of }: { title: string; name: string; of: string[] }) {
  if (of.length < 2) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {of.map((value) => (
        <label key={value} class="check">
          <input type="checkbox" name={name} value={value} /> {value}
        </label>
      ))}
    </fieldset>
  );
}

/** While a run goes on: more or less load, and its end. */
export function RunControls({ shown, choices }: { shown: Shown; choices: Choices | null }) {
  const [problem, setProblem] = useState<string>();
  const { run, load } = shown.view;
  const open = choices?.profiles.some(({ name, arrivals }) => name === run.profile && arrivals !== null) ?? false;
  const [kind, setKind] = useState<"users" | "arrivals">(open ? "arrivals" : "users");
  const scale = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const wanted = number(data, "wanted");
    const users = { users: wanted, spawnRate: number(data, "spawnRate") };
    setProblem(await command("run/scale", kind === "users" ? users : { arrivals: wanted }));
  };
  const users = load.users.at(-1) ?? null;
  return (
    <div class="controls">
      <form onSubmit={scale}>
        <label>
          Change
          <select
            value={kind}
            onChange={(event) => setKind(event.currentTarget.value === "users" ? "users" : "arrivals")}
          >
            <option value="users">Users</option>
            <option value="arrivals">Arrivals a second</option>
          </select>
        </label>
        <label>
          to
          <input
            name="wanted"
            type="number"
            min={kind === "users" ? "1" : "0.001"}
            step={kind === "users" ? "1" : "any"}
            required
            placeholder={kind === "users" && users !== null ? String(users) : ""}
          />
        </label>
        {kind === "users" && (
          <label>
            begun or ended a second
            <input name="spawnRate" type="number" min="0.001" step="any" placeholder="at once" />
          </label>
        )}
        <button type="submit">Change</button>
      </form>
      <button type="button" onClick={async () => setProblem(await command("run/reset", {}))}>
        Reset statistics
      </button>
      <button type="button" class="danger" onClick={async () => setProblem(await command("run/stop", {}))}>
        Stop
      </button>
      <Problem text={problem} />
    </div>
  );
}

function Problem({ text }: { text: string | undefined }) {
  return (
    <p role="alert" class="problem">
      {text}
    </p>
  );
}
