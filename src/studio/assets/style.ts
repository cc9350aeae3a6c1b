import { diagramStyle } from "../../diagram/svg.ts";

const COLOURS = `:root{color-scheme:light dark;
--ground:#f6f7f9;--card:#fff;--line:#e3e6eb;--strong-line:#c4cad4;--text:#1b2230;--faint:#5b6475;--accent:#3548c8;--accent-text:#fff;
--accent-soft:#eceffd;--good:#1e7a46;--good-soft:#e6f5ec;--bad:#b3261e;--bad-soft:#fdecea;--wait:#8a5a00;--wait-soft:#fdf2dc;--ask:#6a3fc0;--ask-soft:#f2ebfd;
--run:#1a56db;--run-soft:#e3edff;--calm:#566071;--calm-soft:#eef0f3;--shadow:0 1px 2px #1b223010}
@media(prefers-color-scheme:dark){:root{
--ground:#10141c;--card:#181d28;--line:#2a3140;--strong-line:#465066;--text:#e8ebf2;--faint:#a0a9bb;--accent:#a5b2ff;--accent-text:#10141c;
--accent-soft:#232b4d;--good:#6fd79a;--good-soft:#15321f;--bad:#ff9c94;--bad-soft:#411a18;--wait:#f3c066;--wait-soft:#38290c;--ask:#cdb3ff;--ask-soft:#2c2048;
--run:#8fb6ff;--run-soft:#172c52;--calm:#b0b8c7;--calm-soft:#262c38;--shadow:none}}`;

const GROUND = `*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
.wide{max-width:1240px;margin:0 auto;padding:0 24px}main.wide{padding-top:28px;padding-bottom:72px}
h1{font-size:1.6rem;line-height:1.25;letter-spacing:-.015em;font-weight:650;margin:0 0 16px}h2{font-size:1.02rem;font-weight:620;margin:0}h3{font-size:.85rem;margin:0 0 6px;color:var(--faint)}
p{margin:0 0 10px}a{color:var(--accent);text-decoration:none;text-underline-offset:3px}a:hover{text-decoration:underline}
main p a:not(.button),.under a,td a{text-decoration:underline;text-decoration-color:color-mix(in srgb,currentColor 35%,transparent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:5px}
.skip{position:absolute;left:-999px}.skip:focus{left:12px;top:8px;z-index:9;background:var(--card);padding:8px 14px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}[hidden]{display:none!important}
.faint{color:var(--faint)}code,pre,textarea,.owner{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.86em}
pre{margin:0;white-space:pre-wrap}.tall{max-height:22em;overflow:auto}`;

const TOP =
  `.top{background:var(--card);border-bottom:1px solid var(--line)}.top .wide{display:flex;align-items:center;gap:28px;height:56px}
.brand{display:flex;align-items:center;gap:10px;color:var(--text);white-space:nowrap}.brand:hover{text-decoration:none}.brand b{font-weight:450;color:var(--faint)}
.brand span{font-weight:650;letter-spacing:-.01em}.mark{color:var(--accent);fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}.mark circle{fill:var(--accent-soft)}
.top nav{display:flex;gap:4px}.top nav a{white-space:nowrap;color:var(--faint);padding:6px 12px;border-radius:7px;font-weight:500}.top nav a:hover{text-decoration:none;background:var(--calm-soft)}
.top nav a[aria-current]{color:var(--text);background:var(--calm-soft)}
.live{margin-left:auto;display:flex;align-items:center;gap:8px;font-size:.82rem;color:var(--faint)}.pulse{width:8px;height:8px;border-radius:50%;background:var(--good)}
@media(prefers-reduced-motion:no-preference){.pulse{animation:pulse 2.4s ease-in-out infinite}@keyframes pulse{50%{opacity:.3}}}`;

const PARTS =
  `.card{background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shadow);padding:18px 20px;margin:0 0 18px}.card>:last-child{margin-bottom:0}
.card-head{display:flex;align-items:baseline;gap:12px;margin-bottom:12px}.aside{margin-left:auto;font-size:.85rem}
.columns{display:grid;grid-template-columns:minmax(260px,1fr) minmax(0,2fr);gap:18px}.columns>div{min-width:0}.columns>div:has(>#awaited:empty){display:none}.columns:has(#awaited:empty){grid-template-columns:minmax(0,1fr)}
.scroll{overflow:auto;max-width:100%}.canvas{margin:0 -20px;padding:4px 20px 10px;max-height:560px}.canvas.is-moved{cursor:grabbing;user-select:none}.canvas svg{display:block}.canvas .routilux-edge rect{fill:var(--card)}
.nothing{color:var(--faint);margin:4px 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}th{text-align:left;font-weight:500;font-size:.8rem;color:var(--faint);padding:0 18px 8px 0;white-space:nowrap}
td{vertical-align:top;padding:8px 18px 8px 0;border-top:1px solid var(--line);min-width:3.5rem;overflow-wrap:break-word}td code,td pre{overflow-wrap:anywhere}td:has(code),td:has(pre){min-width:12rem}th:last-child,td:last-child{padding-right:0}.number{text-align:right;font-variant-numeric:tabular-nums}
time{white-space:nowrap}
.chip{display:inline-flex;align-items:center;gap:7px;font-size:.82rem;font-weight:550;line-height:1;padding:5px 10px 5px 8px;border-radius:99px;white-space:nowrap;color:var(--calm);background:var(--calm-soft)}
.chip::before{content:"";width:7px;height:7px;border-radius:50%;background:currentColor}
.is-running,.is-active,.is-ready{color:var(--run);background:var(--run-soft)}.is-completed{color:var(--good);background:var(--good-soft)}.is-failed{color:var(--bad);background:var(--bad-soft)}
.is-waiting,.is-paused,.is-retried{color:var(--wait);background:var(--wait-soft)}.is-awaiting{color:var(--ask);background:var(--ask-soft)}
.tag{font-size:.78rem;background:var(--calm-soft);color:var(--calm);border-radius:5px;padding:1px 7px;margin-right:4px}
.notice{background:var(--accent-soft);border-radius:9px;padding:11px 16px;margin:0 0 18px}.notice.good{background:var(--good-soft);color:var(--good)}.notice.bad{background:var(--bad-soft);color:var(--bad)}
.past{display:flex;flex-wrap:wrap;gap:10px 20px;align-items:center}.past p{margin:0}.past .act{margin-left:auto}
.crumbs{font-size:.9rem;color:var(--faint);margin-bottom:8px}
.bar{vertical-align:middle}.bar rect{fill:var(--accent)}.bar .ground{fill:var(--calm-soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:18px 28px;margin-bottom:12px}.chart{margin:0;min-width:0}.chart figcaption{font-size:.85rem;color:var(--faint)}.chart figcaption b{color:var(--text);font-variant-numeric:tabular-nums;margin-left:6px}
.chart svg{display:block;width:100%;height:64px;margin:6px 0 4px;border-bottom:1px solid var(--line)}.chart .is-ran{fill:var(--accent)}.chart .is-failed{fill:var(--bad)}.chart p{display:flex;justify-content:space-between;font-size:.75rem;color:var(--faint);margin:0}
.schedule .facts{margin:0}.schedule dd .chip{margin:1px 0 1px 6px}
.failure{max-width:560px;margin:8vh auto}.failure h1{margin-bottom:12px}`;

const FORMS =
  `button,.button{font:inherit;font-size:.9rem;font-weight:550;line-height:1.3;color:var(--text);background:var(--card);border:1px solid var(--strong-line);border-radius:8px;padding:6px 14px;cursor:pointer;display:inline-block;text-align:center}
button:hover,.button:hover{background:var(--calm-soft);text-decoration:none}.main{background:var(--accent);border-color:var(--accent);color:var(--accent-text)}.main:hover{background:var(--accent);filter:brightness(1.12)}
.grave{color:var(--bad)}.plain{color:var(--text)}.off{opacity:.4;cursor:default}
label{display:block;font-size:.82rem;color:var(--faint)}input,select,textarea{display:block;width:100%;margin-top:4px;font-size:.92rem;color:var(--text);background:var(--ground);border:1px solid var(--strong-line);border-radius:8px;padding:6px 10px}
input,select{font-family:inherit}input::placeholder{color:var(--faint);opacity:.85}textarea{resize:vertical;font-size:.86rem}input[type=checkbox]{display:inline-block;width:16px;height:16px;flex:none;margin:3px 0 0;padding:0;accent-color:var(--accent)}input[type=range]{padding:0;border:0;background:none;accent-color:var(--accent);height:24px}
form>*+*{margin-top:10px}.fields{display:grid;gap:10px}fieldset{border:1px solid var(--line);border-radius:8px;margin:0;padding:10px 12px;min-width:0}legend{font-size:.82rem;color:var(--faint);padding:0 4px}
.hint{display:block;font-size:.78rem;color:var(--faint);margin-top:3px}.problem{display:block;font-size:.85rem;color:var(--bad);margin-top:3px}[aria-invalid]{border-color:var(--bad)}.narrow{max-width:640px}.start form[method=post]>.fields{grid-template-columns:1fr 1fr;gap:14px 16px;align-items:start}.start form[method=post]>.fields>:first-child,.start form[method=post]>.fields>:last-child{grid-column:1/-1}
.choices{list-style:none;margin:4px 0 0;padding:0}.choices li+li{border-top:1px solid var(--line);margin-top:10px;padding-top:10px}.choice{display:flex;gap:10px;cursor:pointer}.choices details{margin-left:26px}fieldset>.hint{margin:0 0 8px}
summary{cursor:pointer;font-size:.9rem;color:var(--accent)}summary.button{color:var(--text);list-style:none}summary.button.grave{color:var(--bad)}summary::-webkit-details-marker{display:none}
details:not(.act)>summary{padding:4px 0;list-style:none}details:not(.act)[open]>summary{margin-bottom:6px}details:not(.act)>summary::before{content:"▸";display:inline-block;margin-right:6px}details[open]:not(.act)>summary::before{content:"▾"}
.acts{display:flex;flex-wrap:wrap;gap:8px;margin-left:auto}.act{position:relative}.act form{position:absolute;right:0;top:calc(100% + 8px);z-index:5;width:min(300px,82vw);background:var(--card);border:1px solid var(--strong-line);border-radius:12px;box-shadow:0 8px 30px #0003;padding:16px}
.act form p{font-size:.9rem;margin:0}`;

const JOBS = `.statuses{display:flex;flex-wrap:wrap;gap:8px;list-style:none;padding:0;margin:18px 0}
.statuses a{display:flex;align-items:center;gap:12px;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px 14px;color:var(--text)}
.statuses a:hover{text-decoration:none;border-color:var(--strong-line)}.statuses a[aria-current]{border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.statuses .chip{background:none;padding:0}.statuses b{font-weight:600;font-variant-numeric:tabular-nums}
.filter{display:flex;flex-wrap:wrap;gap:12px;align-items:end;margin:0 0 20px}.filter>*{margin:0}.filter label{flex:1 1 150px;max-width:210px}.filter input{background:var(--card)}.buttons{display:flex;gap:8px}
.jobs{background:var(--card);border:1px solid var(--line);border-radius:12px;border-collapse:separate;border-spacing:0;box-shadow:var(--shadow)}.jobs th{padding:12px 18px 10px 0}.jobs td{padding:11px 18px 11px 0}
.jobs th:first-child,.jobs td:first-child{padding-left:20px}.jobs th:last-child,.jobs td:last-child{padding-right:20px}.jobs tbody tr:hover td{background:color-mix(in srgb,var(--calm-soft) 45%,transparent)}
.jobs td{overflow-wrap:anywhere;white-space:nowrap}.jobs .name,.jobs [data-label=Queue]{white-space:normal}.jobs [data-label=Queue]{min-width:6rem}.name{width:42%;min-width:12rem}.name>a{font-weight:560;text-decoration:none}.under{display:block;white-space:normal;font-size:.83rem;margin-top:1px}.under a{color:var(--faint);margin-right:8px}
.pager{display:flex;justify-content:space-between;align-items:center;margin-top:18px}`;

const JOB =
  `.title{display:flex;flex-wrap:wrap;align-items:center;gap:10px 14px;margin-bottom:14px}.title h1{min-width:0;margin:0}.end{margin-left:auto}
.facts{display:flex;flex-wrap:wrap;gap:10px 32px;margin:0 0 20px}.facts dt{font-size:.8rem;color:var(--faint)}.facts dd{margin:0}
.awaited+.awaited{border-top:1px solid var(--line);margin-top:14px;padding-top:14px}
.failures,.differences{list-style:none;margin:0;padding:0}.failures li,.differences li{border-top:1px solid var(--line);padding:10px 0}.failures li:first-child,.differences li:first-child{border:0;padding-top:0}.failures p,.differences p{margin:0 0 3px}.error{color:var(--bad);font-weight:550}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:18px}
.more{display:flex;flex-wrap:wrap;gap:8px;align-items:center}code+.more,pre+.more{margin-top:8px}.more>*,.more form>*{margin:0}.slider{display:flex;flex-wrap:wrap;gap:10px;align-items:end;margin-bottom:16px}.slider>*{margin:0}.slider label{flex:1 1 220px}.slider output{color:var(--text);font-weight:600;font-variant-numeric:tabular-nums}
.start .compare{margin:0 0 14px}.start .compare label{flex:1 1 200px;width:auto}.start form>.main,.card form>.main{margin-top:16px}.compare{display:flex;flex-wrap:wrap;gap:10px;align-items:end;margin-top:16px}.compare>*{margin:0}.compare label{width:7rem}td a[aria-current]{font-weight:700}
.zoom a{padding:2px 8px;border-radius:6px;color:var(--faint)}.zoom a[aria-current]{background:var(--calm-soft);color:var(--text)}
.legend{display:flex;flex-wrap:wrap;gap:6px 16px;font-size:.8rem;color:var(--faint);margin:6px 0 0}.legend+p{margin-top:8px}.key{background:none!important;color:var(--faint)!important}.key::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:var(--calm)}
.gantt{--edges:190px;--by:1;box-sizing:border-box;width:calc(var(--by)*(100% - var(--edges)) + var(--edges));padding:0 40px 0 150px;overflow:visible;font:12px system-ui,sans-serif}.gantt text{fill:var(--text)}.gantt title{display:none}
.by-2{--by:2}.by-4{--by:4}.by-8{--by:8}.tick line{stroke:var(--line)}.tick text{fill:var(--faint);font-size:11px;text-anchor:middle}.span{--ink:var(--calm);fill:var(--ink);stroke:var(--ink)}.span.is-pending{fill-opacity:.55;stroke:currentColor;stroke-dasharray:3 2}
.span.is-ran{--ink:var(--good)}.span.is-failed{--ink:var(--bad)}.span.is-retried,.span.is-waiting{--ink:var(--wait)}.span.is-active,.span.is-ready,.span.is-parked{--ink:var(--run)}.span.is-awaiting{--ink:var(--ask)}
.life{fill:var(--calm);fill-opacity:.16;stroke:var(--calm);stroke-opacity:.55}.life.is-completed{fill:var(--good);stroke:var(--good)}.life.is-failed{fill:var(--bad);stroke:var(--bad)}.life.is-running{fill:var(--run);stroke:var(--run)}.life.is-paused{fill:var(--wait);stroke:var(--wait)}
.gantt a text{fill:var(--accent)}.gantt a:hover text{text-decoration:underline}.life-key::before{background:none;box-shadow:inset 0 0 0 1px var(--calm)}.is-ran.key::before{background:var(--good)}.is-failed.key::before{background:var(--bad)}.is-retried.key::before,.is-waiting.key::before{background:var(--wait)}.is-active.key::before{background:var(--run)}.is-awaiting.key::before{background:var(--ask)}`;

const NARROW =
  `@media(max-width:760px){.wide{padding:0 16px}.top .wide{gap:12px;padding:0 16px}.brand b,.live{display:none}.top nav{margin-left:auto}.pair{grid-template-columns:1fr;gap:0}.card{padding:16px}.canvas{margin:0 -16px;padding:4px 16px 10px}
.start form[method=post]>.fields{grid-template-columns:1fr}.gantt{--edges:174px;padding-right:24px}.tick:not(:nth-child(4n+1)) text{display:none}.slider label{order:-1;flex-basis:100%!important}.acts{margin-left:0}.act form{right:auto;left:0}.filter label{flex:1 1 40%;max-width:none}.scroll td:last-child:not(.number){min-width:11rem}}
@media(max-width:440px){.top nav{gap:0}.top nav a{padding:6px 9px}.brand span{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}}
@media(max-width:960px){.tick:nth-child(2n) text{display:none}.columns{grid-template-columns:minmax(0,1fr);gap:0}.jobs,.jobs tbody,.jobs tr,.jobs td{display:block;width:auto}.jobs thead{display:none}.jobs tr{padding:12px 16px;border-top:1px solid var(--line)}.jobs tr:first-child{border:0}
.jobs td,.jobs td:first-child,.jobs td:last-child{border:0;padding:2px 0}.jobs td[data-label]{display:flex;justify-content:space-between;gap:16px;font-size:.88rem}.jobs td[data-label]::before{content:attr(data-label);flex:none;color:var(--faint)}}
@media(min-width:600px) and (max-width:960px){.jobs tr{display:grid;grid-template-columns:1fr 1fr;column-gap:32px}.jobs .name{grid-column:1/-1}}`;

/** The style of the pages: for light and for dark, and for windows from 360 pixels on. */
export function styleSheet(): string {
  return [COLOURS, GROUND, TOP, PARTS, FORMS, JOBS, JOB, diagramStyle(), NARROW, ""].join("\n");
}
