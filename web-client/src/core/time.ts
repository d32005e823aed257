/* Times in words and digits. */

/* 83.4 → "1:23", 3723 → "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/* For a running visit: "06:41". */
export function timer(seconds: number): string {
  const words = clock(seconds);
  return words.length < 5 ? `0${words}` : words;
}

/* "1 minute, 24 seconds": for screen readers. */
export function spoken(seconds: number, language: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  const unit = (value: number, name: string): string =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(value);
  const m = Math.floor(whole / 60);
  const s = whole % 60;
  return m === 0 ? unit(s, "second") : s === 0 ? unit(m, "minute") : `${unit(m, "minute")} ${unit(s, "second")}`;
}

/* "Sat 21 November, 14:02", or only the time when it is today. */
export function moment(iso: string, now: Date, language: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) {
    return "";
  }
  const today = date.toDateString() === now.toDateString();
  const options: Intl.DateTimeFormatOptions = today
    ? { hour: "2-digit", minute: "2-digit" }
    : { weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language, options).format(date);
}
