/* The room itself, by WebXR: the floor is found by hit tests, what was put down is held by an anchor, and the
 * light is the room's where the device tells it. */
import { lightFromEstimate, type Light } from "../geometry/light";
import type { Vec3 } from "../geometry/vector";
import type { RoomScene } from "../scene";

export interface ArEvents {
  /* Where the floor is ahead, or null; before each picture. */
  readonly onfloor: (at: Vec3 | null, viewer: Vec3) => void;
  readonly onselect: (at: Vec3 | null, viewer: Vec3) => void;
  readonly onlight: (light: Light) => void;
  readonly onframe: () => void;
  readonly onend: () => void;
}

interface LightEstimate {
  readonly primaryLightDirection: DOMPointReadOnly;
  readonly primaryLightIntensity: DOMPointReadOnly;
}
/* WebXR Lighting Estimation, not in the types of TypeScript. */
type LitFrame = XRFrame & { getLightEstimate?(probe: unknown): LightEstimate | null };
type LitSession = XRSession & { requestLightProbe?(): Promise<unknown> };

/* Eyes of a grown-up, where the device does not know the floor. */
const EYES = 1.5;

export class ArWay {
  private session: LitSession | null = null;
  private space: XRReferenceSpace | null = null;
  private source: XRHitTestSource | null = null;
  private probe: unknown = null;
  private anchor: XRAnchor | null = null;
  private anchoredAt: Vec3 | null = null;
  private newest: XRHitTestResult | null = null;
  private floor: Vec3 | null = null;
  private viewer: Vec3 = [0, EYES, 0];

  constructor(
    private readonly scene: RoomScene,
    private readonly events: ArEvents,
  ) {}

  /* In a gesture. Throws where the session cannot be had. `overlay` is shown over the room where that is known. */
  async start(overlay: Element): Promise<void> {
    const { xr } = navigator;
    if (xr === undefined) {
      throw new Error("no WebXR");
    }
    const session: LitSession = await xr.requestSession("immersive-ar", {
      requiredFeatures: ["hit-test"],
      optionalFeatures: ["local-floor", "anchors", "light-estimation", "dom-overlay"],
      domOverlay: { root: overlay },
    });
    this.session = session;
    session.addEventListener("end", () => this.ended());
    session.addEventListener("select", () => this.select());
    try {
      await this.prepare(session);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  private async prepare(session: LitSession): Promise<void> {
    const { renderer } = this.scene;
    const floor = await session.requestReferenceSpace("local-floor").catch(() => null);
    this.space = floor ?? (await session.requestReferenceSpace("local"));
    renderer.xr.enabled = true;
    renderer.xr.setReferenceSpaceType(floor === null ? "local" : "local-floor");
    this.scene.raise(floor === null ? -EYES : 0);
    await renderer.xr.setSession(session);
    const eyes = await session.requestReferenceSpace("viewer");
    this.source = (await session.requestHitTestSource?.({ space: eyes })) ?? null;
    if (this.source === null) {
      throw new Error("no hit tests");
    }
    this.probe = (await session.requestLightProbe?.().catch(() => null)) ?? null;
    renderer.setAnimationLoop((_now, frame) => this.frame(frame));
  }

  private frame(frame: XRFrame | undefined): void {
    const { space } = this;
    if (frame === undefined || space === null) {
      return;
    }
    const eyes = frame.getViewerPose(space)?.transform.position;
    if (eyes !== undefined) {
      this.viewer = [eyes.x, eyes.y, eyes.z];
    }
    this.look(frame, space);
    this.hold(frame, space);
    const light = this.probe === null ? null : ((frame as LitFrame).getLightEstimate?.(this.probe) ?? null);
    if (light !== null) {
      const { primaryLightDirection: d, primaryLightIntensity: i } = light;
      this.events.onlight(lightFromEstimate([d.x, d.y, d.z], [i.x, i.y, i.z]));
    }
    this.events.onfloor(this.floor, this.viewer);
    this.scene.render(this.viewer);
    this.events.onframe();
  }

  private look(frame: XRFrame, space: XRReferenceSpace): void {
    this.newest = null;
    this.floor = null;
    for (const result of this.source === null ? [] : frame.getHitTestResults(this.source)) {
      const transform = result.getPose(space)?.transform;
      /* Floors and tables face up; walls do not. */
      if (transform !== undefined && 1 - 2 * (transform.orientation.x ** 2 + transform.orientation.z ** 2) > 0.85) {
        this.newest = result;
        this.floor = [transform.position.x, transform.position.y, transform.position.z];
        return;
      }
    }
  }

  /* What an anchor was corrected by, everything goes with. */
  private hold(frame: XRFrame, space: XRReferenceSpace): void {
    const at = this.anchor === null ? undefined : frame.getPose(this.anchor.anchorSpace, space)?.transform.position;
    if (at !== undefined) {
      this.anchoredAt ??= [at.x, at.y, at.z];
      this.scene.shift(at.x - this.anchoredAt[0], at.z - this.anchoredAt[2]);
    }
  }

  private select(): void {
    const { newest, floor } = this;
    this.events.onselect(floor, this.viewer);
    if (floor === null) {
      return;
    }
    this.scene.raise(floor[1]);
    this.release();
    void newest?.createAnchor?.()?.then(
      (anchor) => {
        this.anchor = anchor;
      },
      () => undefined /* a device without anchors holds by its own map */,
    );
  }

  private release(): void {
    this.anchor?.delete();
    this.anchor = null;
    this.anchoredAt = null;
    this.scene.shift(0, 0);
  }

  private ended(): void {
    const { renderer } = this.scene;
    this.session = null;
    this.source = null;
    renderer.setAnimationLoop(null);
    renderer.xr.enabled = false;
    this.scene.raise(0);
    this.scene.shift(0, 0);
    this.events.onend();
  }

  async stop(): Promise<void> {
    this.source?.cancel?.();
    await this.session?.end().catch(() => undefined);
  }
}
