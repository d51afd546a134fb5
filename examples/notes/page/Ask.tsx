/** A form with one field, and a button for each thing that can be done with the answer. */

interface Props {
  readonly label: string;
  readonly type?: string;
  readonly actions: Readonly<Record<string, (answer: string) => unknown>>;
}

export function Ask({ label, type = "text", actions }: Props) {
  return (
    <form>
      <input name="answer" type={type} placeholder={label} aria-label={label} required />
      {Object.entries(actions).map(([name, act]) => (
        <button key={name} type="submit" formAction={(form) => void act(String(form.get("answer")))}>
          {name}
        </button>
      ))}
    </form>
  );
}
