/** Reads the claims of a token, unverified. Only the server verifies them; the client uses them to schedule the renewal. */

export interface Claims {
  /** ID of the user. */
  readonly sub: string;
  /** Seconds since 1970. */
  readonly iat: number;
  /** Seconds since 1970. */
  readonly exp: number;
}

export function claimsOf(token: string): Claims | undefined {
  try {
    return JSON.parse(decodeBase64Url(token.split(".")[1] ?? ""));
  } catch {
    return undefined; // not a JSON Web Token
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Bytes as characters, which is enough for IDs and times. React Native has had `atob` only since version 0.74. */
function decodeBase64Url(encoded: string): string {
  let decoded = "";
  let buffer = 0;
  let bits = 0;
  for (const character of encoded.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")) {
    buffer = ((buffer << 6) | ALPHABET.indexOf(character)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    decoded += String.fromCharCode((buffer >> bits) & 0xff);
  }
  return decoded;
}
