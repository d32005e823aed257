// A PDF of plain pages (ISO 32000-1 §7.5), a line of text on each.
import { writeFile } from 'node:fs/promises';

export async function writeDeck(file, lines) {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '', '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'];
  const pages = lines.map((line) => {
    const drawing = `0.98 0.95 0.9 rg 0 0 960 540 re f BT /F1 44 Tf 0.14 0.11 0.09 rg 80 300 Td (${line}) Tj ET`;
    const content = objects.push(`<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`);
    return objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 960 540] /Contents ${content} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`);
  });
  objects[1] = `<< /Type /Pages /Kids [${pages.map((n) => `${n} 0 R`).join(' ')}] /Count ${pages.length} >>`;
  let pdf = '%PDF-1.4\n';
  const at = objects.map((object, i) => {
    const offset = pdf.length;
    pdf += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = pdf.length;
  pdf += `xref\n0 ${at.length + 1}\n0000000000 65535 f \n${at.map((n) => `${String(n).padStart(10, '0')} 00000 n \n`).join('')}`;
  pdf += `trailer << /Size ${at.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  await writeFile(file, pdf, 'latin1');
  return file;
}
