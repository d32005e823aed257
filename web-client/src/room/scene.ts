/* What stands in the room, drawn by three.js on a canvas that lets the room behind shine through. Where the
 * camera is, is told by whoever shows the room. */
import {
  CustomBlending, DirectionalLight, GLSL3, Group, HemisphereLight, Mesh, OneFactor, OneMinusSrcAlphaFactor, PerspectiveCamera,
  PlaneGeometry, Raycaster, RingGeometry, Scene, ShaderMaterial, MeshBasicMaterial, SRGBColorSpace, Vector2, WebGLRenderer,
  type Object3D,
} from "three";
import type { MatteLayout } from "../core/matte-layout";
import type { Figure } from "./geometry/figure";
import { ROOM_LIGHT, type Light } from "./geometry/light";
import { floorPoint, fovYOf, type Lens, type Pose } from "./geometry/pinhole";
import { sideBySide, type Place } from "./geometry/place";
import type { Vec3 } from "./geometry/vector";
import { FAR, NEAR, type Frustum } from "./geometry/window";
import { Person } from "./person";
import type { Product } from "./product";

const FLOOR_VERTEX = `
out vec2 at;
void main() {
  at = position.xy;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
/* A floor that fades away, and a round rug on it. */
const FLOOR_FRAGMENT = `
uniform vec3 wood;
uniform vec3 rug;
in vec2 at;
layout(location = 0) out vec4 result;
void main() {
  float far = length(at);
  float soft = fwidth(far) * 1.2 + 0.004;
  vec3 c = mix(rug, wood, smoothstep(1.5 - soft, 1.5 + soft, far));
  c = mix(c, mix(rug, wood, 0.45), smoothstep(1.34 - soft, 1.34, far) * (1.0 - smoothstep(1.42, 1.42 + soft, far)));
  float a = 1.0 - smoothstep(2.2, 6.5, far);
  result = vec4(c * a, a);
}`;

export class RoomScene {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(50, 1, NEAR, FAR);
  readonly person = new Person();
  product: Product | null = null;
  place: Place = sideBySide([0, 0, 0], [0, 1.5, 3], 0.9, false);
  light: Light = ROOM_LIGHT;
  /* Pictures drawn. */
  frames = 0;
  private readonly world = new Group();
  private readonly floor: Mesh<PlaneGeometry, ShaderMaterial>;
  private readonly ring: Mesh<RingGeometry, MeshBasicMaterial>;
  private readonly sky = new HemisphereLight(0xffffff, 0x9b8b7a, 1.7);
  private readonly sun = new DirectionalLight(0xfff4e6, 1.9);

  /* Throws where there is no WebGL2. */
  constructor(readonly canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, alpha: true, antialias: true, preserveDrawingBuffer: false, powerPreference: "high-performance" });
    this.renderer.outputColorSpace = SRGBColorSpace;
    this.renderer.setClearColor(0, 0);
    this.floor = new Mesh(
      new PlaneGeometry(14, 14),
      new ShaderMaterial({
        transparent: true, depthWrite: false, blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor, glslVersion: GLSL3,
        uniforms: { wood: { value: [0.8, 0.71, 0.61] }, rug: { value: [0.86, 0.79, 0.71] } }, vertexShader: FLOOR_VERTEX, fragmentShader: FLOOR_FRAGMENT,
      }),
    );
    this.floor.rotation.x = -Math.PI / 2;
    this.floor.renderOrder = -1;
    this.floor.visible = false;
    this.ring = new Mesh(new RingGeometry(0.16, 0.19, 40), new MeshBasicMaterial({ color: 0xffffff, transparent: true, opacity: 0.85, depthWrite: false }));
    this.ring.rotation.x = -Math.PI / 2;
    this.ring.visible = false;
    this.world.add(this.person.group);
    this.scene.add(this.sky, this.sun, this.floor, this.ring, this.world);
  }

  setPerson(video: HTMLVideoElement | null, layout: MatteLayout | null, figure: Figure | null): void {
    this.person.show(video, layout, figure);
  }

  setProduct(product: Product | null): void {
    if (this.product !== null) {
      this.world.remove(this.product.group, this.product.shadow);
      this.product.close();
    }
    this.product = product;
    if (product !== null) {
      this.world.add(product.group, product.shadow);
    }
  }

  /* The drawn room, or none where there is a real one. */
  drawFloor(colours: { wood: Vec3; rug: Vec3 } | null): void {
    this.floor.visible = colours !== null;
    if (colours !== null) {
      (this.floor.material.uniforms["wood"] as { value: unknown }).value = colours.wood;
      (this.floor.material.uniforms["rug"] as { value: unknown }).value = colours.rug;
    }
  }

  /* Where a tap would put them; null hides it. */
  aim(at: Vec3 | null): void {
    this.ring.visible = at !== null;
    if (at !== null) {
      this.ring.position.set(at[0], at[1] + 0.004, at[2]);
    }
  }

  /* The floor's height, where it is not the world's zero (an AR session without local-floor). */
  raise(y: number): void {
    this.world.position.y = y;
  }

  /* An anchor was corrected: everything goes with it. */
  shift(x: number, z: number): void {
    this.world.position.x = x;
    this.world.position.z = z;
  }

  resize(width: number, height: number, ratio: number): void {
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
  }

  look({ position, rotation: r }: Pose, lens: Lens, frustum: Frustum | null = null): void {
    const { camera } = this;
    camera.matrixAutoUpdate = false;
    camera.matrix.set(r[0], r[1], r[2], position[0], r[3], r[4], r[5], position[1], r[6], r[7], r[8], position[2], 0, 0, 0, 1);
    camera.matrix.decompose(camera.position, camera.quaternion, camera.scale);
    camera.updateMatrixWorld(true);
    camera.fov = (fovYOf(lens) * 180) / Math.PI;
    camera.aspect = lens.width / lens.height;
    camera.updateProjectionMatrix();
    if (frustum !== null) {
      camera.projectionMatrix.makePerspective(frustum.left, frustum.right, frustum.top, frustum.bottom, NEAR, FAR);
      camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
    }
  }

  private rayUnder(x: number, y: number): Raycaster {
    const ray = new Raycaster();
    ray.setFromCamera(new Vector2(x, y), this.camera);
    return ray;
  }

  /* What lies under a point of the canvas (-1…1). */
  hit(x: number, y: number): "person" | "product" | null {
    const ray = this.rayUnder(x, y);
    const nearest = (things: readonly Object3D[]): number => ray.intersectObjects([...things], true)[0]?.distance ?? Infinity;
    const person = this.person.shown ? nearest(this.person.solid) : Infinity;
    const product = this.product === null ? Infinity : nearest([this.product.group]);
    return person === Infinity && product === Infinity ? null : person < product ? "person" : "product";
  }

  /* The floor under a point of the canvas, on the floor's own height; null for what is no floor near. */
  floorUnder(x: number, y: number): Vec3 | null {
    const { origin, direction } = this.rayUnder(x, y).ray;
    return floorPoint({ origin: [origin.x, origin.y - this.world.position.y, origin.z], direction: [direction.x, direction.y, direction.z] });
  }

  /* `viewer`: where the eye is, in the world. */
  render(viewer: Vec3): void {
    const { place, light, person, product } = this;
    const [lx, ly, lz] = light.direction;
    this.sun.position.set(lx * 5, ly * 5, lz * 5);
    this.sun.intensity = 1.9 * light.level;
    this.sky.intensity = 1.7 * (0.5 + 0.5 * light.level);
    person.group.position.set(...place.person);
    person.group.scale.setScalar(place.scale);
    person.update(viewer, place.facing, light);
    if (product !== null) {
      product.group.position.set(...place.product);
      product.group.rotation.y = place.turned;
      product.group.scale.setScalar(place.scale);
      product.group.updateMatrixWorld(true);
      const at = this.world.position.clone();
      this.world.position.set(0, 0, 0); /* the shadow is baked on the floor itself */
      this.scene.updateMatrixWorld(true);
      product.throwShadow(this.renderer, this.scene, light);
      this.world.position.copy(at);
    }
    this.renderer.render(this.scene, this.camera);
    this.frames++;
  }

  close(): void {
    this.setProduct(null);
    this.person.close();
    for (const mesh of [this.floor, this.ring]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
    this.renderer.setAnimationLoop(null);
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
