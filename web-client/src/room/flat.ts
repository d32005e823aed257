/* The room without WebGL: the person's picture, and the product as the box of its measures, on the drawn stage
 * by 2D; the same camera, so the same proportions. */
import type { MatteLayout } from "../core/matte-layout";
import { createPainter, type MattePainter } from "../matte/painter";
import type { Figure } from "./geometry/figure";
import { shadowOf, type Light } from "./geometry/light";
import type { Place } from "./geometry/place";
import { add, turn, aboutY, type Vec3 } from "./geometry/vector";
import { NEAR } from "./geometry/window";
import type { SizeMm } from "./product";
import type { Seen } from "./ways/stage";

export interface FlatThings {
  readonly video: HTMLVideoElement | null;
  readonly layout: MatteLayout | null;
  readonly figure: Figure | null;
  readonly size: SizeMm | null;
  readonly light: Light;
}

type Point = readonly [number, number];

export class FlatRoom {
  readonly canvas = document.createElement("canvas");
  frames = 0;
  private readonly paint = this.canvas.getContext("2d");
  private painter: MattePainter | null | undefined;

  render({ pose, lens, frustum }: Seen, place: Place, things: FlatThings): void {
    const { paint, canvas } = this;
    if (paint === null) {
      return;
    }
    const ratio = Math.min(2, devicePixelRatio);
    canvas.width = Math.round(lens.width * ratio);
    canvas.height = Math.round(lens.height * ratio);
    const at = ([x, y, z]: Vec3): Point => {
      const depth = pose.position[2] - z;
      if (frustum === null) {
        return [0, 0];
      }
      const [sx, sy] = [((x - pose.position[0]) * NEAR) / depth, ((y - pose.position[1]) * NEAR) / depth];
      return [
        ((sx - frustum.left) / (frustum.right - frustum.left)) * canvas.width,
        ((frustum.top - sy) / (frustum.top - frustum.bottom)) * canvas.height,
      ];
    };
    if (things.figure !== null && things.video !== null && things.layout !== null) {
      this.person(paint, at, place, things.figure, things.video, things.layout);
    }
    if (things.size !== null) {
      this.box(paint, at, place, things.size, things.light);
    }
    this.frames++;
  }

  private person(paint: CanvasRenderingContext2D, at: (p: Vec3) => Point, place: Place, figure: Figure, video: HTMLVideoElement, layout: MatteLayout): void {
    this.painter ??= createPainter(true);
    const size = { width: video.videoWidth, height: video.videoHeight };
    if (this.painter === null || size.width === 0 || !this.painter.paint(video, size, layout)) {
      return;
    }
    const k = place.scale;
    const [left, bottom] = at(add(place.person, [(-figure.width / 2) * k, figure.bottom * k, 0]));
    const [right, top] = at(add(place.person, [(figure.width / 2) * k, (figure.bottom + figure.height) * k, 0]));
    const [x, floor] = at(place.person);
    blob(paint, x, floor, (right - left) * 0.3, (right - left) * 0.07);
    paint.drawImage(this.painter.canvas, left, top, right - left, bottom - top);
    if (!figure.full) {
      /* A lectern, so that nobody floats. */
      const half = (right - left) * 0.27;
      paint.fillStyle = "#a5825e";
      paint.fillRect(x - half, bottom - (floor - bottom) * 0.22 - 8, half * 2, floor - bottom + (floor - bottom) * 0.22 + 8);
    }
  }

  private box(paint: CanvasRenderingContext2D, at: (p: Vec3) => Point, place: Place, { w, h, d }: SizeMm, light: Light): void {
    const k = place.scale / 1000;
    const corner = (x: number, y: number, z: number): Vec3 => add(place.product, turn(aboutY(place.turned), [(x * w * k) / 2, y * h * k, (z * d * k) / 2]));
    const polygon = (points: readonly Vec3[], fill: string): void => {
      paint.beginPath();
      points.forEach((p, i) => (i === 0 ? paint.moveTo(...at(p)) : paint.lineTo(...at(p))));
      paint.closePath();
      paint.fillStyle = fill;
      paint.fill();
    };
    const foot = ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([x, z]) => corner(x, 0, z));
    const top = ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([x, z]) => corner(x, 1, z));
    polygon(hull([...foot, ...top.map((p) => shadowOf(p, light))]), "rgb(0 0 0 / 0.16)");
    /* The sides from far to near, then the top: a box hides its own back. */
    const sides = [0, 1, 2, 3].map((i) => ({ i, z: ((foot[i] as Vec3)[2] + (foot[(i + 1) % 4] as Vec3)[2]) / 2 })).sort((a, b) => a.z - b.z);
    for (const { i } of sides) {
      const [a, b, c, e] = [foot[i], foot[(i + 1) % 4], top[(i + 1) % 4], top[i]] as [Vec3, Vec3, Vec3, Vec3];
      polygon([a, b, c, e], i % 2 === 0 ? "#d8b48c" : "#b9946c");
    }
    polygon(top, "#e8cba8");
  }
}

function blob(paint: CanvasRenderingContext2D, x: number, y: number, rx: number, ry: number): void {
  paint.save();
  paint.translate(x, y);
  paint.scale(rx, ry);
  const soft = paint.createRadialGradient(0, 0, 0, 0, 0, 1);
  soft.addColorStop(0, "rgb(0 0 0 / 0.4)");
  soft.addColorStop(1, "rgb(0 0 0 / 0)");
  paint.fillStyle = soft;
  paint.fillRect(-1, -1, 2, 2);
  paint.restore();
}

/* Of points on the floor, around them (Andrew's monotone chain). */
function hull(points: readonly Vec3[]): Vec3[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[2] - b[2]);
  const half = (all: readonly Vec3[]): Vec3[] => {
    const chain: Vec3[] = [];
    for (const p of all) {
      for (;;) {
        const [a, b] = [chain[chain.length - 2], chain[chain.length - 1]];
        if (a === undefined || b === undefined || (b[0] - a[0]) * (p[2] - a[2]) - (b[2] - a[2]) * (p[0] - a[0]) > 0) {
          break;
        }
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half([...sorted].reverse())];
}
