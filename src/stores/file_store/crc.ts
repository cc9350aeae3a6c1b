// The arithmetic of CRC-32: polynomials over one bit, modulo that of the check, the highest power in the lowest bit.
const MODULUS = 0xedb88320;
const ONE = 0x80000000;
/** x to the 8: the factor by which one more byte changes a check. */
const BYTE = 0x00800000;

/**
 * The CRC-32 of the end of some bytes, from that of all bytes and that of what precedes the end. It takes as many steps as the
 * length of the end has bits, so that the checks of many ends cost little more than that of the whole.
 */
export function crcOfRest(whole: number, before: number, length: number): number {
  return (whole ^ product(before, power(length))) >>> 0;
}

/** The factor by which `length` more bytes change a check. */
function power(length: number): number {
  let result = ONE;
  for (let [left, square] = [length, BYTE]; left > 0; left = Math.floor(left / 2), square = product(square, square)) {
    if (left % 2 === 1) result = product(result, square);
  }
  return result;
}

function product(a: number, b: number): number {
  let sum = 0;
  for (let [bit, term] = [ONE, b]; bit !== 0; bit >>>= 1, term = term & 1 ? term >>> 1 ^ MODULUS : term >>> 1) {
    if (a & bit) sum ^= term;
  }
  return sum;
}
