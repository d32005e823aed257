/* A product at its true size: its glTF, or a plain box of its measures; and the shadow it throws. */
import {
  Box3, BoxGeometry, Camera, CustomBlending, DoubleSide, EdgesGeometry, GLSL3, Group, LineBasicMaterial, LineSegments,
  Matrix4, Mesh, MeshBasicMaterial, MeshLambertMaterial, MeshStandardMaterial, OneFactor, OneMinusSrcAlphaFactor, PlaneGeometry,
  Scene, ShaderMaterial, Vector3, WebGLRenderTarget, type Object3D, type WebGLRenderer,
} from "three";
import { shadowMatrix, type Light } from "./geometry/light";

export interface SizeMm {
  readonly w: number;
  readonly h: number;
  readonly d: number;
}

/* The part of the scene that throws shadows of the baked kind. */
export const THROWS = 1;
const BAKED = 256;
const SHADOW = 0.46;

/* How much a model has to be scaled to be as large as it is said to be: its longest side decides, for that is
 * what its maker measured best. 1 when nobody said. Sides in metres. */
export function trueScale(model: { x: number; y: number; z: number }, size: SizeMm | null): number {
  if (size === null) {
    return 1;
  }
  const [mw, mh, md] = [model.x, model.y, model.z];
  const [w, h, d] = [size.w / 1000, size.h / 1000, size.d / 1000];
  const ratio = h >= w && h >= d ? h / mh : w >= d ? w / mw : d / md;
  return Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
}

function plainBox({ w, h, d }: SizeMm): Object3D {
  const shape = new BoxGeometry(w / 1000, h / 1000, d / 1000);
  const box = new Group();
  const edges = new LineSegments(new EdgesGeometry(shape), new LineBasicMaterial({ color: 0x7a5634 }));
  box.add(new Mesh(shape, new MeshLambertMaterial({ color: 0xd8b48c })), edges);
  return box;
}

/* Throws what the loader throws. Fetched when a model is there at all. */
async function load(url: string): Promise<Object3D> {
  const { GLTFLoader } = await import("three/examples/jsm/loaders/GLTFLoader.js");
  const { scene } = await new GLTFLoader().loadAsync(url);
  scene.traverse((part) => {
    if (part instanceof Mesh && part.material instanceof MeshStandardMaterial) {
      /* Nothing is there to be mirrored. */
      part.material.metalness = Math.min(part.material.metalness, 0.35);
    }
  });
  return scene;
}

const FLAT_VERTEX = `
out vec2 at;
void main() {
  at = uv;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const FLAT_FRAGMENT = `
uniform sampler2D baked;
uniform float dark;
in vec2 at;
layout(location = 0) out vec4 result;
void main() {
  float sum = 0.0;
  for (int i = 0; i < 25; i++) sum += texture(baked, at + (vec2(i % 5, i / 5) - 2.0) * 0.0055).a;
  result = vec4(0.0, 0.0, 0.0, sum / 25.0 * dark);
}`;

export class Product {
  readonly group = new Group();
  readonly shadow: Mesh<PlaneGeometry, ShaderMaterial>;
  private readonly baked = new WebGLRenderTarget(BAKED, BAKED, { depthBuffer: false });
  private readonly black = new MeshBasicMaterial({ color: 0, side: DoubleSide });
  private readonly camera = new Camera();
  private readonly sides: Vector3;
  private stale = true;
  private bakedFor = "";

  private constructor(model: Object3D, size: SizeMm | null) {
    const box = new Box3().setFromObject(model);
    const scale = trueScale(box.getSize(new Vector3()), size);
    model.scale.multiplyScalar(scale);
    const at = new Box3().setFromObject(model);
    const middle = at.getCenter(new Vector3());
    this.sides = at.getSize(new Vector3());
    model.position.sub(new Vector3(middle.x, at.min.y, middle.z));
    this.group.add(model);
    this.group.traverse((part) => part.layers.enable(THROWS));
    this.shadow = new Mesh(
      new PlaneGeometry(1, 1),
      new ShaderMaterial({
        transparent: true, depthWrite: false, blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor, glslVersion: GLSL3,
        uniforms: { baked: { value: this.baked.texture }, dark: { value: SHADOW } }, vertexShader: FLAT_VERTEX, fragmentShader: FLAT_FRAGMENT,
      }),
    );
    this.shadow.rotation.x = -Math.PI / 2;
    this.shadow.renderOrder = 1;
    this.camera.layers.set(THROWS);
    this.camera.matrixAutoUpdate = false;
  }

  /* Null: there is neither a model nor a measure. A model that cannot be read becomes its box. */
  static async of(model: string | null, size: SizeMm | null): Promise<Product | null> {
    if (model !== null) {
      try {
        return new Product(await load(model), size);
      } catch {
        /* the box it is */
      }
    }
    return size === null ? null : new Product(plainBox(size), size);
  }

  /* At true size, however it was turned or scaled. */
  size(): { width: number; height: number } {
    return { width: Math.max(this.sides.x, this.sides.z), height: this.sides.y };
  }

  /* Bakes the shadow anew when the light or the product turned; moving costs nothing. */
  throwShadow(renderer: WebGLRenderer, scene: Scene, light: Light): void {
    const { position, rotation, scale } = this.group;
    const key = [...light.direction.map((v) => v.toFixed(2)), rotation.y.toFixed(2), scale.x.toFixed(2)].join();
    const [lx, ly, lz] = light.direction;
    const box = new Box3().setFromObject(this.group);
    const height = box.max.y;
    const reach = Math.max(box.max.x - box.min.x, box.max.z - box.min.z) / 2 + (height * Math.max(Math.abs(lx), Math.abs(lz))) / ly / 2 + 0.06;
    const [cx, cz] = [position.x - (height * lx) / ly / 2, position.z - (height * lz) / ly / 2];
    this.shadow.position.set(cx, 0.003, cz);
    this.shadow.scale.set(reach * 2, reach * 2, 1);
    if (!this.stale && key === this.bakedFor) {
      return;
    }
    this.bakedFor = key;
    this.stale = false;
    const from = new Matrix4();
    from.set(1 / reach, 0, 0, -cx / reach, 0, 0, -1 / reach, cz / reach, 0, 0, 0, 0, 0, 0, 0, 1);
    const shear = new Matrix4().set(...(shadowMatrix(light, 0) as Parameters<Matrix4["set"]>));
    this.camera.projectionMatrix.copy(from.multiply(shear));
    const before = { target: renderer.getRenderTarget(), xr: renderer.xr.enabled, override: scene.overrideMaterial };
    renderer.xr.enabled = false;
    scene.overrideMaterial = this.black;
    renderer.setRenderTarget(this.baked);
    renderer.clear();
    renderer.render(scene, this.camera);
    scene.overrideMaterial = before.override;
    renderer.setRenderTarget(before.target);
    renderer.xr.enabled = before.xr;
  }

  close(): void {
    this.baked.dispose();
    this.black.dispose();
    this.shadow.geometry.dispose();
    this.shadow.material.dispose();
    this.group.traverse((part) => {
      if (part instanceof Mesh || part instanceof LineSegments) {
        part.geometry.dispose();
        for (const material of [part.material].flat()) {
          material.dispose();
        }
      }
    });
  }
}
