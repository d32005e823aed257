/* The rear camera's rotation from what `deviceorientation` tells (W3C DeviceOrientation Event, §3: intrinsic
 * Z-X'-Y'' angles in degrees) and how far the screen is turned. */
import { aboutX, aboutY, aboutZ, DEGREE, product, type Mat3 } from "./vector";

export function rotationOf(alpha: number, beta: number, gamma: number, screen: number): Mat3 {
  return product(
    aboutY(alpha * DEGREE),
    aboutX(beta * DEGREE),
    aboutZ(-gamma * DEGREE),
    aboutX(-Math.PI / 2), /* the camera looks out of the back, not out of the upper edge */
    aboutZ(-screen * DEGREE),
  );
}
