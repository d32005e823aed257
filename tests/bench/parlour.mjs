export async function startParlour() { throw new Error('later'); }
