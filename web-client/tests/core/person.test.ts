import { describe, expect, test } from "vitest";
import { mattePerson } from "../../src/core/matte-layout";
import { guessMarks, personOf, readSettings, UNMEASURED, writeSettings } from "../../src/core/person";
import { read } from "../../src/core/shape";

describe("how tall a person is", () => {
  test("with feet in the picture, is from head to feet", () => {
    expect(personOf({ ...UNMEASURED, height_mm: 1820, head: 0.1, low: 0.9, full: true })).toEqual({ height_mm: 1820, head: 0.1, feet: 0.9, full: true });
  });

  test("without them, follows from the head", () => {
    const person = personOf({ ...UNMEASURED, head: 0.1, low: 0.3, full: false });
    expect(person).toMatchObject({ full: false, head: 0.1 });
    expect(person?.feet).toBeCloseTo(1.6);
    expect(read(mattePerson, person)).toEqual(person);
  });

  test.each([{ height_mm: 0 }, { height_mm: Number.NaN }, { head: 0.9, low: 0.5 }, { low: 1.2 }])("%j cannot be", (marks) => {
    expect(personOf({ ...UNMEASURED, ...marks })).toBeNull();
  });

  test("is guessed from where somebody was seen", () => {
    expect(guessMarks(0.1, 0.9)).toEqual({ head: 0.1, low: 0.9, full: true });
    expect(guessMarks(0.1, 1)).toMatchObject({ head: 0.1, full: false });
    for (const [top, bottom] of [[0, 1], [0.99, 1], [0.5, 0.51], [-1, 2]] as const) {
      expect(personOf({ ...UNMEASURED, ...guessMarks(top, bottom) })).not.toBeNull();
    }
  });
});

describe("what is remembered", () => {
  test("is read back", () => {
    expect(readSettings(writeSettings(UNMEASURED))).toEqual(UNMEASURED);
  });

  test.each([null, "", "{", "7", "{}", writeSettings({ ...UNMEASURED, height_mm: 9 }), '{"method":"magic","height_mm":1750,"head":0,"low":1,"full":true}'])(
    "%j is nothing",
    (text) => {
      expect(readSettings(text)).toBeNull();
    },
  );
});
