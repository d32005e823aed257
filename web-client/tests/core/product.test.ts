import { describe, expect, it } from "vitest";
import { claimsOf, isLink, parseMm, sizeWords } from "../../src/core/product";
import { productFileKind } from "../../src/core/upload";

describe("what people type about a product", () => {
  it("takes millimetres with spaces and either decimal mark, and nothing else", () => {
    expect([parseMm("1426"), parseMm(" 1 426,5 "), parseMm("0.5"), parseMm("")]).toEqual([1426, 1426.5, 0.5, 0]);
    for (const wrong of ["0", "-3", "12cm", "1.2.3", "1e9", "9999999", "∞"]) {
      expect(parseMm(wrong), wrong).toBeNull();
    }
  });

  it("knows addresses that a visitor may be sent to", () => {
    expect(["https://a.example/x", "mailto:a@b.example", "tel:+46812"].map(isLink)).toEqual([true, true, true]);
    expect(["javascript:alert(1)", "data:text/html,x", "/lamp", "lamp.example", ""].map(isLink)).toEqual([false, false, false, false, false]);
  });

  it("takes one claim a line", () => {
    expect(claimsOf("a\n\n  b  \n")).toEqual(["a", "b"]);
    expect(sizeWords({ w: 792, h: 1426, d: 379 })).toBe("79 × 38 × 143 cm");
  });

  it("tells models and images from the rest", () => {
    expect(productFileKind("Lamp.GLB", "")).toBe("model");
    expect(productFileKind("a.jpeg", "image/jpeg")).toBe("image");
    expect(productFileKind("a.svg", "image/svg+xml")).toBe("other");
  });
});
