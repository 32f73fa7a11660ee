import * as Effect from "effect/Effect"
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"
import { randomUUID } from "node:crypto"
import { type Client, resource, scopes } from "./chatgptAuthorize.ts"

/** What may be wrong with an id token. */
export type IdTokenFault =
  | "wrong key"
  | "unknown key"
  | "wrong algorithm"
  | "wrong issuer"
  | "wrong audience"
  | "two audiences"
  | "wrong azp"
  | "wrong nonce"
  | "wrong subject"
  | "no subject"
  | "expired"
  | "from the future"

/** Made when a token is first signed, and once for all issuers: making keys takes longer than most sign-ins. */
let made: Promise<Keys> | undefined

interface Keys {
  readonly right: CryptoKey
  readonly wrong: CryptoKey
  readonly publicKey: JWK
}

const makeKeys = async (): Promise<Keys> => {
  const [right, wrong] = await Promise.all([pair(), pair()])
  return { right: right.privateKey, wrong: wrong.privateKey, publicKey: await exportJWK(right.publicKey) }
}

const pair = () => generateKeyPair("RS256", { extractable: true })

const keys = Effect.promise(() => made ??= makeKeys())

/** Tokens of an issuer that are really signed, and the keys to verify them with. */
export const make = (issuer: string) => {
  const kid = randomUUID()

  const accessToken = (
    { client, scope }: { readonly client: Client; readonly scope: string },
    now: number,
    lifetime: number
  ): Effect.Effect<string> =>
    Effect.flatMap(keys, ({ right }) =>
      Effect.promise(() =>
        new SignJWT({
          iss: issuer,
          sub: client.subject,
          aud: [resource],
          client_id: client.id,
          scope,
          iat: now,
          nbf: now,
          exp: now + lifetime,
          jti: randomUUID(),
          "https://api.openai.com/auth": { per_user_salt: randomUUID(), encrypted_auth_metadata: randomUUID() }
        }).setProtectedHeader({ alg: "RS256", kid, typ: "at+jwt" }).sign(right)
      ))

  const idToken = (
    { account, id, subject }: Client,
    nonce: string | undefined,
    now: number,
    fault: IdTokenFault | undefined
  ): Effect.Effect<string> => {
    const is = (one: IdTokenFault) => fault === one
    const start = is("expired") ? now - 7200 : is("from the future") ? now + 600 : now
    const claims = {
      iss: is("wrong issuer") ? "https://auth.example" : issuer,
      ...(is("no subject") ? {} : { sub: is("wrong subject") ? "user-somebody-else" : subject }),
      aud: is("wrong audience") ? ["oaiapp_other"] : is("two audiences") ? [id, "oaiapp_other"] : [id],
      ...(is("wrong azp") ? { azp: "oaiapp_other" } : {}),
      iat: start,
      exp: start + 3600,
      email: account.email,
      email_verified: true,
      ...(nonce === undefined ? {} : { nonce: is("wrong nonce") ? randomUUID() : nonce })
    }
    const jwt = new SignJWT(claims)
    return Effect.flatMap(keys, ({ publicKey, right, wrong }) =>
      Effect.promise(() =>
        is("wrong algorithm")
          ? jwt.setProtectedHeader({ alg: "HS256", kid }).sign(new TextEncoder().encode(JSON.stringify(publicKey)))
          : jwt.setProtectedHeader({ alg: "RS256", kid: is("unknown key") ? randomUUID() : kid })
            .sign(is("wrong key") ? wrong : right)
      ))
  }

  return {
    accessToken,
    idToken,
    jwks: Effect.map(keys, ({ publicKey }) => ({ keys: [{ ...publicKey, kid, use: "sig", alg: "RS256" }] })),
    discovery: {
      issuer,
      authorization_endpoint: `${issuer}/api/accounts/authorize`,
      token_endpoint: `${issuer}/api/accounts/oauth/token`,
      revocation_endpoint: `${issuer}/api/accounts/oauth/revoke`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      token_endpoint_auth_methods_supported: ["none"],
      id_token_signing_alg_values_supported: ["RS256"],
      code_challenge_methods_supported: ["S256"],
      scopes_supported: scopes
    }
  }
}
