/** The logo and name of Twotrack. */

export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M9 22c6 0 8-12 14-12M9 15c4 0 5 7 14 7" />
      </svg>
      Twotrack
    </span>
  );
}
