/* A stacked picture to a person, in GLSL ES 3.00; the one place that knows how. Whoever draws it gives the
 * uniforms of `matteUniforms` and the picture as a texture that samples LINEAR and clamps to its edge.
 *
 * Every frame is measured by its own patches, so that a range that was taken for the other one, and
 * whatever else bends all of a picture alike, cancels out. The colour half has the person's own colour
 * spread outward over the edge, so it is multiplied by the matte exactly once. */
import type { MatteLayout, Rectangle, Size } from "../core/matte-layout";
import { CLAMP_HIGH, CLAMP_LOW, LEAST_CONTRAST, patchCore, sampleBounds } from "./geometry";

/* In the vertex shader: `vec2 matteRange(picture, black, white)`, the luma of black and the factor that
 * makes white one; 0 when the patches tell nothing. */
export const MATTE_VERTEX = /* glsl */ `
float patchLuma(sampler2D picture, vec4 patchArea) {
  float sum = 0.0;
  for (int i = 0; i < 16; i++) {
    vec2 at = patchArea.xy + patchArea.zw * (vec2(i % 4, i / 4) + 0.5) / 4.0;
    sum += dot(textureLod(picture, at, 0.0).rgb, vec3(0.299, 0.587, 0.114));
  }
  return sum / 16.0;
}
vec2 matteRange(sampler2D picture, vec4 black, vec4 white) {
  float b = patchLuma(picture, black);
  float w = patchLuma(picture, white);
  return vec2(b, w - b < ${LEAST_CONTRAST.toFixed(3)} ? 0.0 : 1.0 / (w - b));
}`;

/* In the fragment shader: `vec4 matteColour(…)`, premultiplied. `at`: 0…1 of the person, from the top left. */
export const MATTE_FRAGMENT = /* glsl */ `
vec2 matteAt(vec4 part, vec4 bounds, vec2 at) {
  return clamp(part.xy + part.zw * at, bounds.xy, bounds.zw);
}
float matteShare(sampler2D picture, vec4 part, vec4 bounds, vec2 range, vec2 at) {
  float luma = dot(texture(picture, matteAt(part, bounds, at)).rgb, vec3(0.299, 0.587, 0.114));
  float share = (luma - range.x) * range.y;
  return clamp((share - ${CLAMP_LOW.toFixed(3)}) / ${(CLAMP_HIGH - CLAMP_LOW).toFixed(3)}, 0.0, 1.0);
}
vec4 matteColour(sampler2D picture, vec4 colour, vec4 colourBounds, vec4 matte, vec4 matteBounds, vec2 range, vec2 at) {
  float share = matteShare(picture, matte, matteBounds, range, at);
  vec3 rgb = (texture(picture, matteAt(colour, colourBounds, at)).rgb - range.x) * range.y;
  return vec4(clamp(rgb, 0.0, 1.0) * share, share);
}`;

export type Four = readonly [number, number, number, number];

export interface MatteUniforms {
  readonly colour: Four;
  readonly colourBounds: Four;
  readonly matte: Four;
  readonly matteBounds: Four;
  readonly black: Four;
  readonly white: Four;
}

const four = (r: Rectangle): Four => [r.x, r.y, r.w, r.h];

export function matteUniforms(layout: MatteLayout, picture: Size): MatteUniforms {
  const bounds = (r: Rectangle): Four => {
    const b = sampleBounds(r, layout, picture);
    return [b.left, b.top, b.right, b.bottom];
  };
  return {
    colour: four(layout.colour),
    colourBounds: bounds(layout.colour),
    matte: four(layout.matte),
    matteBounds: bounds(layout.matte),
    black: four(patchCore(layout.patches.black)),
    white: four(patchCore(layout.patches.white)),
  };
}
