/**
 * What handlers get as `ctx.services`: clients, handles, secrets. Given to the engine, never written out. Declare yours
 * once, and every handler and every engine is checked against it:
 *
 * ```ts ignore
 * declare module "@routilux/routilux" {
 *   interface Services { readonly mail: MailClient }
 * }
 * ```
 */
// deno-lint-ignore no-empty-interface -- empty until its users declare theirs
export interface Services {}
