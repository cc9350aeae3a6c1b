import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { FleetLeases } from "../../src/testing/fleet/fleet_leases.ts";
import { FleetViolation } from "../../src/testing/fleet/fleet_violation.ts";

// What the judge of simulated fleets says of names and leases.

const query = { owner: "a", leaseMs: 3_000, token: "token", takesOver: false };

test("a name is taken from another engine only while that one's lease runs, whatever the time of a late call", () => {
  const open = () => {
    const leases = new FleetLeases();
    leases.entered(1, { ...query, now: 1_000 }, 1, 1_000);
    leases.entered(2, { ...query, now: 2_000 }, 2, 2_000);
    return leases;
  };
  const late = { ...query, again: 1, now: 2_500 };
  assertThrows(() => open().entered(1, late, 3, 4_999), FleetViolation, "has taken the name a from incarnation 2");
  open().entered(1, late, 3, 5_000);
});

test("a late repetition of a call that has taken over does not make the lease shorter", () => {
  const leases = new FleetLeases();
  leases.entered(1, { ...query, now: 1_000 }, 1, 1_000);
  leases.entered(2, { ...query, takesOver: true, now: 1_500 }, 2, 1_500);
  leases.renewed({ owner: "a", incarnation: 2 }, 6_000);
  leases.entered(2, { ...query, takesOver: true, now: 1_200 }, 2, 4_000);
  assertEquals([leases.untilOf(1), leases.untilOf(2)], [0, 6_000]);
});
