/**
 * One holder at a time of a row that many machines share, without a connection that would have to stay open: a claim
 * runs out unless it is renewed. Each has a higher epoch than the one before, so that what an earlier holder still wants
 * to write can be told apart.
 *
 * @internal
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Database from "./Database.ts"

const makeHolder = Effect.sync(() => globalThis.crypto.randomUUID())

/**
 * Rows of `table` with the columns `id`, `epoch`, `claimed_until` and `holder`; `lease` in milliseconds. With `takesOver` a
 * row is taken from whoever holds it.
 */
export const make = (sql: SqlClient.SqlClient, table: string, lease: number, takesOver = false) => {
  const now = Database.now(sql)
  const rows = sql(table)
  const end = sql`${now} + CAST(${lease} AS INTEGER)`

  /**
   * A new epoch, unless somebody else holds the row. A row that is not there is made. Whoever asks again, as the answer was
   * lost, is known by its name.
   */
  const take = (id: string, holder: string): Effect.Effect<Option.Option<number>, SqlError> =>
    Effect.map(
      sql<{ readonly epoch: number }>`
        INSERT INTO ${rows} (id, epoch, claimed_until, holder) VALUES (${id}, 1, ${end}, ${holder})
        ON CONFLICT (id) DO UPDATE
        SET epoch = ${rows}.epoch + 1, claimed_until = excluded.claimed_until, holder = excluded.holder
        WHERE ${rows}.claimed_until <= ${now} OR ${rows}.holder = ${holder} ${sql.literal(takesOver ? "OR TRUE" : "")}
        RETURNING epoch`,
      ([row]) => Option.map(Option.fromNullable(row), ({ epoch }) => epoch)
    )

  const renew = (id: string, epoch: number) =>
    Database.waiting(sql, sql`UPDATE ${rows} SET claimed_until = ${end} WHERE id = ${id} AND epoch = ${epoch}`)

  const release = (id: string, epoch: number) =>
    Database.waiting(sql, sql`UPDATE ${rows} SET claimed_until = ${now} WHERE id = ${id} AND epoch = ${epoch}`)

  return {
    /** Holds the row until the Scope closes; `None` if somebody else does. */
    hold: (id: string): Effect.Effect<Option.Option<number>, SqlError, Scope.Scope> =>
      Effect.flatMap(makeHolder, (holder) =>
        Database.patiently(
          sql,
          Effect.acquireRelease(
            take(id, holder),
            // One that cannot be given back runs out by itself.
            Option.match({ onNone: () => Effect.void, onSome: (epoch) => Effect.ignore(release(id, epoch)) })
          )
        )).pipe(
          Effect.tap(Option.match({
            onNone: () => Effect.void,
            onSome: (epoch) =>
              renew(id, epoch).pipe(
                Effect.ignore,
                Effect.repeat(Schedule.spaced(lease / 3)),
                Effect.delay(lease / 3),
                // Also where what is done with the row must not be interrupted.
                Effect.interruptible,
                Effect.forkScoped
              )
          }))
        )
  }
}
