/* The person of a stacked picture as a flat figure in a three.js scene, with the shadow of the matte on the
 * floor, a darker place under the feet, and a lectern where the picture has no feet. */
import {
  BufferAttribute, BufferGeometry, CustomBlending, DoubleSide, GLSL3, Group, LinearFilter, Mesh, MeshLambertMaterial,
  NoColorSpace, OneFactor, OneMinusSrcAlphaFactor, PlaneGeometry, ShaderMaterial, Vector4, VideoTexture, BoxGeometry,
  type Object3D, type Texture,
} from "three";
import type { MatteLayout } from "../core/matte-layout";
import { MATTE_FRAGMENT, MATTE_VERTEX, matteUniforms, type MatteUniforms } from "../matte/shader";
import { FADE, facing, lecternFor, type Figure } from "./geometry/figure";
import { casterAxis, shadowOf, type Light } from "./geometry/light";
import { clamp, type Vec3 } from "./geometry/vector";

const VERTEX = `
uniform sampler2D picture;
uniform vec4 black;
uniform vec4 white;
out vec2 at;
flat out vec2 range;
${MATTE_VERTEX}
void main() {
  at = vec2(uv.x, 1.0 - uv.y);
  range = matteRange(picture, black, white);
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const UNIFORMS = `
uniform sampler2D picture;
uniform vec4 colour;
uniform vec4 colourBounds;
uniform vec4 matte;
uniform vec4 matteBounds;
uniform float fade;
in vec2 at;
flat in vec2 range;
layout(location = 0) out vec4 result;
${MATTE_FRAGMENT}
float kept(vec2 at) {
  return fade > 0.0 ? smoothstep(0.0, fade, 1.0 - at.y) : 1.0;
}`;

const FIGURE_FRAGMENT = `${UNIFORMS}
uniform float level;
void main() {
  result = matteColour(picture, colour, colourBounds, matte, matteBounds, range, at) * kept(at);
  if (result.a < 0.004) discard;
  result.rgb = min(result.rgb * level, vec3(result.a));
}`;

/* Softer and fainter away from the feet. */
const SHADOW_FRAGMENT = `${UNIFORMS}
uniform float dark;
void main() {
  float tall = 1.0 - at.y;
  vec2 blur = vec2(0.006 + 0.03 * tall);
  float sum = 0.0;
  for (int i = 0; i < 9; i++) {
    vec2 beside = (vec2(i % 3, i / 3) - 1.0) * blur;
    sum += matteShare(picture, matte, matteBounds, range, clamp(at + beside, 0.0, 1.0));
  }
  result = vec4(0.0, 0.0, 0.0, sum / 9.0 * dark * (1.0 - 0.7 * tall) * kept(at));
}`;

const CONTACT_VERTEX = `
out vec2 at;
void main() {
  at = uv * 2.0 - 1.0;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const CONTACT_FRAGMENT = `
uniform float dark;
in vec2 at;
layout(location = 0) out vec4 result;
void main() {
  float near = max(0.0, 1.0 - length(at));
  result = vec4(0.0, 0.0, 0.0, dark * near * near * (3.0 - 2.0 * near));
}`;

const OVER = { transparent: true, depthWrite: false, blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor, glslVersion: GLSL3 } as const;
const SHADOW = 0.42;
const CONTACT = 0.5;
const ABOVE = 0.002;

export class Person {
  readonly group = new Group();
  private readonly shared: Record<keyof MatteUniforms | "picture" | "fade" | "level" | "dark", { value: unknown }> = {
    picture: { value: null },
    colour: { value: new Vector4() },
    colourBounds: { value: new Vector4() },
    matte: { value: new Vector4() },
    matteBounds: { value: new Vector4() },
    black: { value: new Vector4() },
    white: { value: new Vector4() },
    fade: { value: 0 },
    level: { value: 1 },
    dark: { value: SHADOW },
  };
  private readonly plane = new Mesh(new PlaneGeometry(1, 1), new ShaderMaterial({ ...OVER, uniforms: this.shared, vertexShader: VERTEX, fragmentShader: FIGURE_FRAGMENT, side: DoubleSide }));
  private readonly shade = new Mesh(new BufferGeometry(), new ShaderMaterial({ ...OVER, uniforms: this.shared, vertexShader: VERTEX, fragmentShader: SHADOW_FRAGMENT, side: DoubleSide }));
  private readonly contact = new Mesh(new PlaneGeometry(1, 1), new ShaderMaterial({ ...OVER, uniforms: { dark: { value: CONTACT } }, vertexShader: CONTACT_VERTEX, fragmentShader: CONTACT_FRAGMENT }));
  private readonly lectern = new Mesh(new BoxGeometry(1, 1, 1), new MeshLambertMaterial({ color: 0xc9a57d }));
  private texture: Texture | null = null;
  private figure: Figure | null = null;
  private layout: MatteLayout | null = null;
  private size = { width: 0, height: 0 };
  private video: HTMLVideoElement | null = null;
  /* Where the feet are across the picture, from its middle, metres. */
  private feet = 0;

  constructor() {
    this.shade.geometry.setAttribute("position", new BufferAttribute(new Float32Array(12), 3));
    this.shade.geometry.setAttribute("uv", new BufferAttribute(new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), 2));
    this.shade.geometry.setIndex([0, 1, 2, 2, 1, 3]);
    this.contact.rotation.x = -Math.PI / 2;
    this.contact.position.y = ABOVE;
    for (const mesh of [this.plane, this.shade, this.contact]) {
      mesh.frustumCulled = false;
    }
    this.contact.renderOrder = 1;
    this.shade.renderOrder = 1;
    this.plane.renderOrder = 2;
    this.group.add(this.plane, this.shade, this.contact, this.lectern);
    this.group.visible = false;
  }

  /* What a finger can take hold of. */
  get solid(): readonly Object3D[] {
    return this.lectern.visible ? [this.plane, this.lectern] : [this.plane];
  }

  get shown(): boolean {
    return this.group.visible;
  }

  /* Null: nobody is there (any more). */
  show(video: HTMLVideoElement | null, layout: MatteLayout | null, figure: Figure | null): void {
    if (video !== this.video) {
      this.texture?.dispose();
      this.texture = null;
      this.video = video;
      if (video !== null) {
        const texture = new VideoTexture(video);
        texture.flipY = false;
        texture.generateMipmaps = false;
        texture.minFilter = texture.magFilter = LinearFilter;
        texture.colorSpace = NoColorSpace; /* as it came: what was told to us is what we show */
        this.texture = texture;
      }
      this.shared.picture.value = this.texture;
    }
    this.layout = layout;
    this.figure = figure;
    this.size = { width: 0, height: 0 };
    if (figure !== null) {
      this.plane.scale.set(figure.width, figure.height, 1);
      this.plane.position.y = figure.bottom + figure.height / 2;
      this.shared.fade.value = figure.full ? 0 : FADE / figure.height;
    }
    const lectern = figure === null ? null : lecternFor(figure);
    this.lectern.visible = lectern !== null;
    if (lectern !== null) {
      this.lectern.scale.set(lectern.width, lectern.height, lectern.depth);
      this.lectern.position.set(0, lectern.height / 2, lectern.ahead);
    }
  }

  /* `share` of the picture's width. */
  standAt(share: number): void {
    const { figure } = this;
    if (figure !== null) {
      this.feet += ((share - 0.5) * figure.width - this.feet) * 0.5;
    }
  }

  /* Before each picture. `viewer` and `home` in the group's parent; `light` towards the light. */
  update(viewer: Vec3, home: number, light: Light): void {
    const { figure, layout, video } = this;
    const ready = figure !== null && layout !== null && video !== null && video.videoWidth > 0 && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.group.visible = ready;
    if (!ready) {
      return;
    }
    if (video.videoWidth !== this.size.width || video.videoHeight !== this.size.height) {
      this.size = { width: video.videoWidth, height: video.videoHeight };
      for (const [name, four] of Object.entries(matteUniforms(layout, this.size))) {
        (this.shared[name as keyof MatteUniforms].value as Vector4).set(...(four as [number, number, number, number]));
      }
    }
    const scale = this.group.scale.x;
    const at: Vec3 = [this.group.position.x, 0, this.group.position.z];
    const yaw = facing(home, Math.atan2(viewer[0] - at[0], viewer[2] - at[2]));
    const right: Vec3 = [Math.cos(yaw), 0, -Math.sin(yaw)];
    this.plane.rotation.y = yaw;
    this.lectern.rotation.y = yaw;
    if (this.lectern.visible) {
      const ahead = lecternFor(figure)?.ahead ?? 0;
      this.lectern.position.x = Math.sin(yaw) * ahead;
      this.lectern.position.z = Math.cos(yaw) * ahead;
    }
    if (this.lectern.visible) {
      this.contact.scale.set(this.lectern.scale.x * 1.7, this.lectern.scale.z * 2.2, 1);
      this.contact.position.set(this.lectern.position.x, ABOVE / scale, this.lectern.position.z);
    } else {
      this.contact.scale.set(clamp(figure.width * 0.62, 0.4, 0.75), 0.34, 1);
      this.contact.position.set(right[0] * this.feet, ABOVE / scale, right[2] * this.feet);
    }
    this.shared.level.value = 0.72 + 0.28 * Math.min(1.1, light.level);
    this.throwShadow(figure, right, light, scale);
  }

  /* From the floor line of the picture up: the figure, turned to the light, laid down along it. */
  private throwShadow(figure: Figure, right: Vec3, light: Light, scale: number): void {
    const axis = casterAxis(right, light);
    const below = Math.max(0, -figure.bottom);
    const position = this.shade.geometry.getAttribute("position") as BufferAttribute;
    const uv = this.shade.geometry.getAttribute("uv") as BufferAttribute;
    [0, 1, 2, 3].forEach((i) => {
      const u = i % 2;
      const v = i < 2 ? below / figure.height : 1;
      /* What is thrown stays where the feet are, however the figure turns for it. */
      const across = (u - 0.5) * figure.width - this.feet;
      const on = shadowOf([axis[0] * across + right[0] * this.feet, figure.bottom + v * figure.height, axis[2] * across + right[2] * this.feet], light);
      position.setXYZ(i, on[0], ABOVE / scale, on[2]);
      uv.setXY(i, u, v);
    });
    position.needsUpdate = true;
    uv.needsUpdate = true;
  }

  close(): void {
    this.texture?.dispose();
    for (const mesh of [this.plane, this.shade, this.contact, this.lectern]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }
}
