/* Draws the person of a stacked picture into a canvas of their own: by WebGL2, or, where there is none or
 * it was lost, by 2D at a calmer size. */
import type { MatteLayout, Size } from "../core/matte-layout";
import { patchCore, personSize, shareOf } from "./geometry";
import { MATTE_FRAGMENT, MATTE_VERTEX, matteUniforms, type MatteUniforms } from "./shader";

export interface MattePainter {
  readonly canvas: HTMLCanvasElement;
  /* False: it cannot draw (any more); another painter is needed. */
  paint(picture: CanvasImageSource & TexImageSource, size: Size, layout: MatteLayout): boolean;
  clear(): void;
  close(): void;
}

const VERTEX = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform vec4 black;
uniform vec4 white;
out vec2 at;
flat out vec2 range;
${MATTE_VERTEX}
void main() {
  at = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  range = matteRange(picture, black, white);
  gl_Position = vec4(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform vec4 colour;
uniform vec4 colourBounds;
uniform vec4 matte;
uniform vec4 matteBounds;
in vec2 at;
flat in vec2 range;
out vec4 result;
${MATTE_FRAGMENT}
void main() {
  result = matteColour(picture, colour, colourBounds, matte, matteBounds, range, at);
}`;

function fit(canvas: HTMLCanvasElement, { width, height }: Size): void {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
}

function compile(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type);
    if (shader === null) {
      return null;
    }
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) === true ? program : null;
}

function glPainter(): MattePainter | null {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { alpha: true, premultipliedAlpha: true, antialias: false, depth: false, stencil: false });
  const program = gl === null ? null : compile(gl);
  if (gl === null || program === null) {
    return null;
  }
  const places = new Map<keyof MatteUniforms, WebGLUniformLocation | null>();
  for (const name of ["colour", "colourBounds", "matte", "matteBounds", "black", "white"] as const) {
    places.set(name, gl.getUniformLocation(program, name));
  }
  gl.useProgram(program);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  for (const [name, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
    [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ] as const) {
    gl.texParameteri(gl.TEXTURE_2D, name, value);
  }
  return {
    canvas,
    paint(picture, size, layout) {
      if (gl.isContextLost()) {
        return false;
      }
      fit(canvas, personSize(layout, size));
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
      for (const [name, value] of Object.entries(matteUniforms(layout, size))) {
        gl.uniform4fv(places.get(name as keyof MatteUniforms) ?? null, value);
      }
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      return !gl.isContextLost();
    },
    clear() {
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
    },
    close() {
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

/* Processors do this many pixels of a frame without falling behind. */
const FLAT_HEIGHT = 360;

const luma = (data: Uint8ClampedArray, i: number): number =>
  (0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0)) / 255;

function meanLuma({ data }: ImageData): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) {
    sum += luma(data, i);
  }
  return (sum * 4) / data.length;
}

/* `colour` gets the matte's share as its alpha; not premultiplied, as ImageData is. */
export function cutOut(colour: Uint8ClampedArray, matte: Uint8ClampedArray, black: number, white: number): void {
  const scale = white - black > 0 ? 1 / (white - black) : 0;
  for (let i = 0; i < colour.length; i += 4) {
    for (let c = i; c < i + 3; c++) {
      colour[c] = ((colour[c] ?? 0) - black * 255) * scale;
    }
    colour[i + 3] = 255 * shareOf(luma(matte, i), black, white);
  }
}

function flatPainter(): MattePainter | null {
  const canvas = document.createElement("canvas");
  const paint = canvas.getContext("2d");
  const desk = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (paint === null || desk === null) {
    return null;
  }
  return {
    canvas,
    paint(picture, size, layout) {
      const person = personSize(layout, size);
      const scale = Math.min(1, FLAT_HEIGHT / person.height);
      const width = Math.max(1, Math.round(person.width * scale));
      const height = Math.max(1, Math.round(person.height * scale));
      fit(canvas, { width, height });
      fit(desk.canvas, { width, height });
      const part = (r: { x: number; y: number; w: number; h: number }, w: number, h: number): ImageData => {
        desk.drawImage(picture, r.x * size.width, r.y * size.height, r.w * size.width, r.h * size.height, 0, 0, w, h);
        return desk.getImageData(0, 0, w, h);
      };
      const black = meanLuma(part(patchCore(layout.patches.black), 4, 4));
      const white = meanLuma(part(patchCore(layout.patches.white), 4, 4));
      const matte = part(layout.matte, width, height);
      const colour = part(layout.colour, width, height);
      cutOut(colour.data, matte.data, black, white);
      paint.putImageData(colour, 0, 0);
      return true;
    },
    clear() {
      paint.clearRect(0, 0, canvas.width, canvas.height);
    },
    close: () => undefined,
  };
}

/* `flat`: WebGL was tried already. Null: this browser can draw nothing. */
export function createPainter(flat = false): MattePainter | null {
  return (flat ? null : glPainter()) ?? flatPainter();
}
