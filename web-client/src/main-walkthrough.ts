/* /w/{slug}: a published walkthrough. */
import { startWalkthrough } from "./walkthrough";

startWalkthrough({ embed: false });
