/**
 * How the report looks: two families of type, one blue for what opens and one orange for what does not, told apart by
 * shape and word as well; for wide and narrow screens, light, dark and paper. No request leaves the page for it.
 */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fdfcf9;--ink:#1d1c1a;--soft:#5a574f;--line:#dcd8ce;--card:#f5f2eb;
--good:#0a558f;--bad:#943604;--t1:#edf3f9;--t2:#dfeaf5;--t3:#cfe1f1;--t4:#bdd6ec;
--serif:"Iowan Old Style",Charter,"Bitstream Charter","Palatino Linotype",Palatino,"Noto Serif",Georgia,"DejaVu Serif",serif;
--sans:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif}
@media(prefers-color-scheme:dark){:root{--bg:#15171a;--ink:#e7e4de;--soft:#a9a59c;--line:#373a3f;--card:#1d2024;
--good:#86bdf3;--bad:#f5a56b;--t1:#1a2531;--t2:#1d2d3e;--t3:#21374e;--t4:#26425f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:1.0625rem/1.55 var(--serif);overflow-wrap:break-word;hanging-punctuation:first}
main{max-width:60rem;margin:0 auto;padding:3rem clamp(1rem,4vw,2.5rem) 4rem}
.kicker,figcaption,.small,table,dl,summary,.strip,.lanes,svg text,footer,.badge{font-family:var(--sans)}
.kicker{margin:0 0 .8rem;color:var(--soft);font-size:.82rem;letter-spacing:.02em}
h1{margin:0 0 1rem;font-size:clamp(1.55rem,1.1rem + 2.1vw,2.4rem);line-height:1.2;font-weight:500;letter-spacing:-.012em;max-width:24em;text-wrap:pretty}
h2{margin:3.2rem 0 .7rem;padding-top:.9rem;border-top:1px solid var(--line);font-size:1.3rem;line-height:1.3;font-weight:600;letter-spacing:-.005em}
h3{margin:1.8rem 0 .4rem;font:600 .95rem/1.4 var(--sans)}
p,ol,ul{max-width:40rem;margin:.5rem 0 1rem}
ol,ul{padding-left:1.35rem}li{margin:.35rem 0;padding-left:.15rem}li::marker{color:var(--soft);font-family:var(--sans);font-size:.85em}
.advice li:first-child{font-weight:600}
.small,figcaption{color:var(--soft);font-size:.84rem;line-height:1.5}
figure{margin:1.4rem 0}figcaption{max-width:44rem;margin-top:.6rem}
code,.mono{font:.88em/1.5 ui-monospace,"Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.badge{display:inline-flex;align-items:center;gap:.45rem;margin:0 0 1rem;padding:.18rem .7rem .18rem .5rem;border:1px solid;border-radius:2rem;font-size:.82rem;font-weight:600}
.yes{color:var(--good)}.no{color:var(--bad)}
svg{display:block;overflow:visible}svg text{fill:var(--ink);font-size:13px}
.glyph{width:1.05em;height:1.05em;flex:none}
.pen{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
.faint{fill:none;stroke:var(--line);stroke-width:1.5}.paper{fill:var(--bg)}
.brick{fill:var(--ink);stroke:var(--bg);stroke-width:1}.gap{fill:none;stroke:var(--soft);stroke-width:.8;stroke-dasharray:2 2}
.link{fill:none;stroke:var(--good);stroke-width:2.5;stroke-linecap:round}.some{stroke-dasharray:9 6}.none{stroke:var(--bad);stroke-dasharray:1 7}
svg .name{font-weight:600}svg .sub{fill:var(--soft);font-size:12px}svg .way{fill:var(--good);font-weight:600}svg .lost{fill:var(--bad);font-weight:600}
.picture svg{width:100%;height:auto}.wide{display:none}.tall{max-width:21rem;margin:0 auto}
.sides{display:grid;gap:1rem}
.side{padding:1rem 1.2rem;background:var(--card);border-radius:.5rem;min-width:0}
.side h3{margin:0 0 .1rem;font-size:1.05rem}.side p{margin:.3rem 0}
details{margin:.7rem 0}summary{cursor:pointer;font-size:.86rem;color:var(--good);padding:.25rem 0}
summary:focus-visible{outline:2px solid var(--good);outline-offset:3px;border-radius:2px}
table{border-collapse:collapse;font-size:.86rem;line-height:1.4;font-variant-numeric:tabular-nums lining-nums;width:100%}
caption{text-align:left;font-weight:600;font-size:.95rem;padding:0 0 .5rem}
th{text-align:left;font-weight:600;vertical-align:top}thead th{color:var(--soft);font-weight:500}
.facts th,.facts td{padding:.28rem .6rem .28rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
.facts th{color:var(--soft);font-weight:500;width:34%}
.heat{table-layout:fixed;border-collapse:separate;border-spacing:3px;margin:0 -3px}
.heat th{padding:.5rem .3rem .4rem 3px}.heat tbody th{width:22%;vertical-align:middle}
.heat caption{padding-left:3px}.heat tbody td{padding:.5rem .65rem;border-radius:.3rem;border:2px solid transparent;background:var(--card);vertical-align:top}
.heat .t1{background:var(--t1)}.heat .t2{background:var(--t2)}.heat .t3{background:var(--t3)}.heat .t4{background:var(--t4)}
.heat td.surprise{border:2px dashed var(--bad)}
.heat .count{display:flex;align-items:center;gap:.4rem;font-weight:600}.heat .count svg{color:var(--good)}.heat .t0 .count svg{color:var(--bad)}
.heat .told{color:var(--soft);font-size:.8rem}.heat .t3 .told,.heat .t4 .told{color:var(--ink)}.heat .surprise .told{color:var(--bad);font-weight:600}
.heat .first{width:22%}
.strip{font-size:.84rem;line-height:1.35}.strip h3{margin:1rem 0 .2rem;font-size:.86rem}
.row{display:grid;grid-template-columns:9rem minmax(0,1fr) 9.5rem;gap:0 1rem;align-items:center}
.row svg{width:100%;height:28px}.row svg.axis{height:22px}
.value{text-align:right;font-variant-numeric:tabular-nums}.lost{color:var(--bad)}
.grid{stroke:var(--line);stroke-width:1}.dot{fill:var(--good);fill-opacity:.55}.median{stroke:var(--ink);stroke-width:2.5}
.axis text,.lanes text{fill:var(--soft);font-size:11.5px;font-variant-numeric:tabular-nums}
.lanes{display:grid;grid-template-columns:1.2rem minmax(0,1fr);gap:0 .5rem;font-size:.84rem;margin:.3rem 0 0}
.lanes b{height:34px;line-height:34px}.lanes .plot{grid-row:1/4;grid-column:2}.lanes svg.plot{width:100%;height:96px}
.rail{stroke:var(--line);stroke-width:1}.sent{fill:none;stroke:var(--soft);stroke-width:1.4;vector-effect:non-scaling-stroke}
.refused{fill:none;stroke:var(--bad);stroke-width:2}.received{fill:var(--good)}.open{fill:var(--bg);stroke:var(--good);stroke-width:3}
.error{fill:none;stroke:var(--ink);stroke-width:1.2}.at{stroke:var(--good);stroke-width:1;stroke-dasharray:3 3}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;margin:.6rem 0;padding:0;list-style:none;max-width:none}
.key li{display:flex;align-items:center;gap:.45rem;margin:0;padding:0;font:.84rem/1.4 var(--sans)}
.key svg{width:18px;height:18px}
.run{margin:1.6rem 0}.run h3{margin:0}.run p{margin:.3rem 0}
.all thead{display:none}.all tr{display:block;padding:.55rem 0;border-top:1px solid var(--line)}
.all td,.all th{display:flex;justify-content:space-between;gap:1rem;padding:.1rem 0;text-align:right}
.all th{font-weight:600;text-align:left}.all td::before{content:attr(data-label);color:var(--soft);text-align:left}.all td:empty{display:none}
.why dt{font-weight:600;margin-top:.9rem;max-width:40rem}.why dd{margin:.15rem 0 0;color:var(--soft);max-width:46rem}
.why{font-size:.9rem}
.read dt{font-weight:600;margin-top:.7rem}.read dd{margin:.1rem 0 0;max-width:42rem}.read{font-size:.9rem}
footer{margin-top:3rem;padding-top:.9rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(min-width:46rem){.wide{display:block}.tall{display:none}.sides{grid-template-columns:1fr 1fr}
.all thead{display:table-header-group}.all tr{display:table-row;padding:0}
.all td,.all th{display:table-cell;padding:.34rem .8rem .34rem 0;border-top:1px solid var(--line);text-align:left;white-space:nowrap}
.all thead th{border-top:0;font-weight:500}.all td::before{content:none}.all td:empty{display:table-cell}.all .n{text-align:right}}
@media(max-width:45.99rem){main{padding-top:2rem}.heat tbody td{padding:.45rem .5rem}.fine{display:none}
.row{grid-template-columns:minmax(0,1fr) auto}.row>span{padding-top:.4rem}.row .draw{grid-column:1/-1;grid-row:2}.row .axis+.value{display:none}}
@media print{:root{color-scheme:light;--bg:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#f4f4f4;--good:#0a558f;--bad:#943604;--t1:#edf3f9;--t2:#dfeaf5;--t3:#cfe1f1;--t4:#bdd6ec}
body{font-size:10pt}main{max-width:none;padding:0}h2{break-after:avoid}figure,.run,.side,.heat tr,.all tr{break-inside:avoid}
.heat td,.dot,.brick,.side{-webkit-print-color-adjust:exact;print-color-adjust:exact}details::details-content{content-visibility:visible}}
`;
