/* What people call each other: "Mara" for "Mara Lindqvist", the whole of a name that has no space. */
export function firstName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}
