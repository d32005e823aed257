/* Bytes in words a person knows: "1.2 GB", "3.4 MB/s". */

const STEPS = [
  ["byte", 1],
  ["kilobyte", 1e3],
  ["megabyte", 1e6],
  ["gigabyte", 1e9],
  ["terabyte", 1e12],
] as const;

function format(bytes: number, per: string, language: string): string {
  const safe = Number.isFinite(bytes) && bytes > 0 ? bytes : 0;
  const [unit, step] = [...STEPS].reverse().find(([, s]) => safe >= s * 0.9995) ?? STEPS[0];
  const value = safe / step;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: `${unit}${per}`,
    unitDisplay: unit === "byte" ? "long" : "short",
    maximumFractionDigits: value < 10 && unit !== "byte" && unit !== "kilobyte" ? 1 : 0,
  }).format(value);
}

export const size = (bytes: number, language: string): string => format(bytes, "", language);
export const speed = (bytesASecond: number, language: string): string => format(bytesASecond, "-per-second", language);
