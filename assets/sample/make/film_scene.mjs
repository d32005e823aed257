// The film of the lamp: createFilm(timeline).draw(seconds) paints one 1280×720 frame.
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { createRoom } from './room.mjs';
import { createTitles } from './titles.mjs';

export const WIDTH = 1280, HEIGHT = 720;
const PLATE_WIDTH = 1600, PLATE_HEIGHT = 900; // more than is shown, for the moves
const DISSOLVE = 0.5; // seconds
const LAMP = new THREE.Vector3(-0.5, 0, -0.3);

const clamp = (v) => Math.max(0, Math.min(1, v));
const ease = (v) => { const t = clamp(v); return t * t * (3 - 2 * t); };
const mix = (a, b, t) => a + (b - a) * t;
const at = (x, y, z) => new THREE.Vector3(x, y, z);

/** Each shot is one or more views from a fixed eye; the picture then moves over them (`zoom` from, to,
 * towards a point of 0..1), which costs little: without a GPU a full view takes a second. Only inside
 * `alive`, a rectangle of the plate in shares of it, is the lamp painted anew in every frame.
 * `head(s)` gives its turn and tilt in radians. Views follow each other by `fades`, in seconds. */
const shots = {
  intro: { zoom: [1, 1.17], towards: [0.42, 0.5], views: [{ eye: at(0.95, 1.18, 3.75), look: at(0.04, 0.86, -0.4), lens: 32 }] },
  shade: {
    zoom: [1, 1.1], towards: [0.52, 0.4], alive: [0.22, 0.28, 0.5, 0.52],
    head: (s) => [0.25 + ease((s - 0.8) / 4.6) * Math.PI * 2, 0.12 + 0.7 * ease((s - 5.2) / 1.8) - 0.5 * ease((s - 8) / 1.8)],
    views: [{ eye: at(0.72, 1.25, 1.5), look: at(-0.08, 1.2, -0.3), lens: 32 }],
  },
  joint: {
    zoom: [1, 1.2], towards: [0.62, 0.55], fades: [[6.6, 1]],
    views: [
      { eye: at(-0.3, 1.34, 0.4), look: at(-0.1, 1.3, -0.3), lens: 24 },
      { eye: at(0.2, 1.43, 0.24), look: at(-0.085, 1.3, -0.3), lens: 24, tilt: 0.42 },
    ],
  },
  size: { zoom: [1.03, 1], towards: [0.5, 0.5], views: [{ eye: at(-0.2, 0.92, 4.9), look: at(-0.1, 0.75, -0.3), lens: 24, turn: 0, tilt: 0 }] },
  night: {
    zoom: [1, 1.16], towards: [0.48, 0.5], fades: [[0.5, 2.2], [2.5, 0.5]],
    views: [0, 1, 2].map((i) => ({ eye: at(-0.7, 1.07, 3.5), look: at(0.12, 0.82, -0.5), lens: 32, turn: 0.1, tilt: 0.16, evening: i > 0 ? 1 : 0, lit: i > 1 ? 1 : 0 })),
  },
  end: { zoom: [1.12, 1], towards: [0.55, 0.6], views: [{ eye: at(0.55, 1.15, 3.9), look: at(-0.12, 0.92, -0.4), lens: 32, turn: 0.1, tilt: 0.3, evening: 1, lit: 1 }] },
};

function createLights(scene, windowFrame) {
  const sky = new THREE.HemisphereLight('#fff4e2', '#c9a98a', 1);
  const sun = new THREE.DirectionalLight('#ffe0b0', 3);
  sun.position.set(4.2, 3.4, 4.4);
  sun.target.position.set(-0.4, 0.9, -1);
  sun.castShadow = true;
  sun.shadow.mapSize.set(1536, 1536);
  Object.assign(sun.shadow.camera, { left: -3.4, right: 3.4, top: 3, bottom: -2.6, near: 0.5, far: 12 });
  sun.shadow.bias = -0.0006;
  sun.shadow.normalBias = 0.012;
  sun.shadow.radius = 4;
  windowFrame.position.set(3.1, 0.95, 3.15);
  windowFrame.lookAt(sun.target.position.x, 0.95, sun.target.position.z);
  const cone = new THREE.SpotLight('#ffc98a', 0, 4, 0.98, 0.55, 1.6);
  cone.castShadow = true;
  cone.shadow.mapSize.set(1024, 1024);
  cone.shadow.camera.near = 0.05;
  cone.shadow.bias = -0.002;
  cone.shadow.normalBias = 0.01;
  const glow = new THREE.PointLight('#ffb676', 0, 5, 1.7);
  scene.add(sky, sun, sun.target, cone, cone.target, glow);
  return { sky, sun, cone, glow };
}

async function loadLamp(scene) {
  const lamp = (await new GLTFLoader().loadAsync('../lamp.glb')).scene;
  lamp.position.copy(LAMP);
  lamp.traverse((o) => {
    if (o.isMesh) {
      o.castShadow = o.name !== 'Bulb';
      o.receiveShadow = o.name !== 'Shade' && o.name !== 'Bulb';
      if (o.material.map) o.material.map.anisotropy = 4;
    }
  });
  scene.add(lamp);
  const part = (name) => lamp.getObjectByName(name);
  return { lamp, turn: part('Turn'), head: part('Head'), shade: part('Shade'), bulb: part('Bulb') };
}

export async function createFilm(timeline) {
  const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
  renderer.setSize(PLATE_WIDTH, PLATE_HEIGHT);
  renderer.toneMapping = THREE.ACESFilmicToneMapping;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = THREE.PCFSoftShadowMap;
  const scene = new THREE.Scene();
  const { room, windowFrame } = createRoom();
  scene.add(room);
  const lights = createLights(scene, windowFrame);
  const lamp = await loadLamp(scene);
  const camera = new THREE.PerspectiveCamera(32, WIDTH / HEIGHT, 0.03, 20);
  const page = new OffscreenCanvas(WIDTH, HEIGHT);
  const paint = page.getContext('2d', { willReadFrequently: true });
  paint.imageSmoothingQuality = 'medium';
  const plates = new Map();
  const titles = createTitles(paint, timeline);

  function light(state) {
    const { sky, sun, cone, glow } = lights;
    const { lit = 0, evening = 0 } = state, day = 1 - evening;
    sky.intensity = mix(0.17, 2.5, day);
    sky.color.set('#fff4e2').lerp(new THREE.Color('#8aa0d8'), evening * 0.75);
    sky.groundColor.set('#c9a98a').lerp(new THREE.Color('#3a2c24'), evening);
    sun.intensity = 3.1 * day;
    sun.visible = day > 0.004;
    cone.visible = glow.visible = lit > 0;
    cone.intensity = 15 * lit;
    glow.intensity = 1.1 * lit;
    scene.background = new THREE.Color('#e6d6bd').lerp(new THREE.Color('#15110f'), evening);
    lamp.shade.material.emissive.set('#ffb066').multiplyScalar(mix(0.1, 0.78, lit));
    lamp.bulb.material.emissive.set('#fff0d8').multiplyScalar(0.2 + 2.4 * lit);
    lamp.head.updateWorldMatrix(true, false);
    cone.position.copy(lamp.head.localToWorld(at(0, -0.14, 0)));
    cone.target.position.copy(lamp.head.localToWorld(at(0, -1.2, 0)));
    glow.position.copy(lamp.head.localToWorld(at(0, -0.02, 0.0)));
    renderer.toneMappingExposure = mix(0.9, 1.0, evening);
  }

  function aim(view, [turn, tilt]) {
    lamp.turn.rotation.y = turn;
    lamp.head.rotation.z = tilt;
    light(view);
    camera.fov = view.lens;
    camera.position.copy(view.eye);
    camera.lookAt(view.look);
    camera.updateProjectionMatrix();
    camera.updateMatrixWorld();
  }

  const newPlate = () => new OffscreenCanvas(PLATE_WIDTH, PLATE_HEIGHT).getContext('2d', { willReadFrequently: true });

  /** The view as a canvas, painted once but for what is alive in it. */
  function plate(name, index, s) {
    const shot = shots[name], view = shot.views[index], key = `${name}${index}`;
    const head = shot.head?.(s) ?? [view.turn ?? 0.25, view.tilt ?? 0.12];
    const known = plates.get(key);
    if (known && String(known.head) === String(head)) return known.context.canvas;
    aim(view, head);
    const context = known?.context ?? newPlate();
    const [x, y, w, h] = known
      ? shot.alive.map((v, i) => Math.round(v * (i % 2 ? PLATE_HEIGHT : PLATE_WIDTH))) : [0, 0, PLATE_WIDTH, PLATE_HEIGHT];
    renderer.setScissorTest(true);
    renderer.setScissor(x, PLATE_HEIGHT - y - h, w, h);
    renderer.render(scene, camera);
    context.drawImage(renderer.domElement, x, y, w, h, x, y, w, h);
    plates.set(key, { context, head });
    return context.canvas;
  }

  /** The part of the plate that is shown: x, y, width, height. */
  function frameOf(shot, t) {
    const zoom = mix(...shot.zoom, t), w = PLATE_WIDTH / zoom, h = PLATE_HEIGHT / zoom;
    return [(PLATE_WIDTH - w) * shot.towards[0], (PLATE_HEIGHT - h) * shot.towards[1], w, h];
  }

  /** Paints the shot; returns what turns a point of the lamp (metres from its foot) into pixels. */
  function render(name, s, length, alpha) {
    const shot = shots[name], frame = frameOf(shot, clamp(s / length));
    const put = (index, a) => {
      paint.globalAlpha = a;
      paint.drawImage(plate(name, index, s), ...frame, 0, 0, WIDTH, HEIGHT);
    };
    const shown = (shot.fades ?? []).map(([from, time]) => ease((s - from) / time));
    const full = shown.lastIndexOf(1) + 1;
    put(full, alpha);
    if (shown[full] > 0) put(full + 1, alpha * shown[full]);
    paint.globalAlpha = 1;
    return (x, y, z) => {
      aim(shot.views[0], [0, 0]);
      const p = at(x, y, z).add(LAMP).project(camera);
      return [((p.x + 1) / 2 * PLATE_WIDTH - frame[0]) * WIDTH / frame[2], ((1 - p.y) / 2 * PLATE_HEIGHT - frame[1]) * HEIGHT / frame[3]];
    };
  }

  function draw(seconds) {
    const index = timeline.shots.findLastIndex((s) => s.start <= seconds);
    const shot = timeline.shots[index], next = timeline.shots[index + 1];
    const end = next ? next.start : timeline.duration;
    const show = (s, from, alpha) => {
      const until = timeline.shots[timeline.shots.indexOf(s) + 1]?.start ?? timeline.duration;
      const project = render(s.shot, seconds - from, until - from, alpha);
      titles.draw(s.shot, seconds - from, until - from, project, alpha);
    };
    if (next && seconds > end - DISSOLVE / 2) {
      show(shot, shot.start, 1);
      show(next, next.start, ease((seconds - end + DISSOLVE / 2) / DISSOLVE));
    } else if (index > 0 && seconds < shot.start + DISSOLVE / 2) {
      show(timeline.shots[index - 1], timeline.shots[index - 1].start, 1);
      show(shot, shot.start, ease((seconds - shot.start + DISSOLVE / 2) / DISSOLVE));
    } else {
      show(shot, shot.start, 1);
    }
    titles.veil(seconds, timeline.duration);
  }

  async function jpeg(seconds) {
    draw(seconds);
    const blob = await page.convertToBlob({ type: 'image/jpeg', quality: 0.96 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text);
  }
  return { jpeg };
}
