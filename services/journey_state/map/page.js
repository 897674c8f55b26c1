/* d2113245cf3c439508f32b250066d556c202b9751944f5bda7bea9a4e2f20b87 */
var Fo=Object.defineProperty;var E=(e,t,n)=>()=>{if(n)throw n[0];try{return e&&(t=e(e=0)),t}catch(i){throw n=[i],i}};var Dt=(e,t)=>{for(var n in t)Fo(e,n,{get:t[n],enumerable:!0})};function k(){return Object.fromEntries(new URLSearchParams(location.search))}function S(e,{replace:t=!1}={}){let n=new URLSearchParams(location.search);for(let[r,s]of Object.entries(e))s==null||s===""?n.delete(r):n.set(r,s);let i=n.toString();i!==new URLSearchParams(location.search).toString()&&(history[t?"replaceState":"pushState"](null,"",i?`?${i}`:location.pathname),qi())}function mt(e=k()){let t=Intl.DateTimeFormat().resolvedOptions().timeZone||"UTC";return e.zone&&Go(e.zone)?e.zone:t}function Go(e){try{return Intl.DateTimeFormat("en",{timeZone:e}),!0}catch{return!1}}function ae(e,t=mt()){let n=new Intl.DateTimeFormat("en-CA",{timeZone:t}).format(new Date),i=new Date(`${n}T00:00:00Z`);return i.setUTCDate(i.getUTCDate()-e),i.toISOString().slice(0,10)}function pn(e=k()){let t=mt(e);if(e.from||e.to)return{...e.from&&{from:e.from},...e.to&&{to:e.to},zone:t};let n=yt[e.period]??yt[Ut];return{from:ae(n-1,t),zone:t}}function st(e=k()){let t=ft.filter(n=>e[n]).map(n=>[n,e[n]]);return{...pn(e),...Object.fromEntries(t)}}function jt(e=k()){return!e.to}function qi(){window.dispatchEvent(new CustomEvent("urlchange",{detail:k()}))}var ft,yt,Ut,V=E(()=>{ft=["channel","source","campaign","segment","stage","rule","state","event","device"],yt={today:1,"7d":7,"30d":30,"90d":90},Ut="30d";window.addEventListener("popstate",qi)});function ot(){return ye}function fn(){return[k().lang,localStorage.getItem("milepost-lang"),...navigator.languages].map(n=>(n??"").slice(0,2).toLowerCase()).find(n=>dn.includes(n))??"en"}async function mn(e=fn()){un=await(await fetch(`/map/i18n/${e}.json`)).json(),ye=e,Bi=new Intl.PluralRules(e),Fi=new Intl.NumberFormat(e),document.documentElement.lang=e,document.title=l("page.title"),window.dispatchEvent(new CustomEvent("langchange"))}function l(e,t={}){let n=un[e];return n===void 0?(console.error(`no text ${e} in ${ye}`),e):(typeof n=="string"?n:n[Bi.select(t.n??0)]).replace(/\{(\w+)\}/g,(r,s)=>{let o=t[s];return o===void 0?r:typeof o=="number"?Fi.format(o):o})}function gt(e){return e in un}function O(e){let t=e.labels??{};return t[ye]??t.en??e.stage??e.rule??e.name??""}function nt(e){return gt(`channel.${e}`)?l(`channel.${e}`):e}function ht(e){return gt(`rule.${e}`)?l(`rule.${e}`):e.replaceAll("_"," ").replace(/^./,t=>t.toUpperCase())}var dn,Hi,ye,un,Bi,Fi,R=E(()=>{V();dn=["en","ru","pl"],Hi={en:"English",ru:"Русский",pl:"Polski"},ye="en",un={},Bi=new Intl.PluralRules("en"),Fi=new Intl.NumberFormat("en")});function _n(){return sessionStorage.getItem(Wo)}function bn({reveal:e=!1}={}){let t=_n(),n={"X-Milepost-Mask":e?"0":"1"};return t?{...n,Authorization:`Bearer ${t}`}:n}async function Z(e,t={},{signal:n,reveal:i}={}){let r=typeof t=="string"?t:new URLSearchParams(t).toString(),s={signal:n,headers:bn({reveal:i})},o=await fetch(r?`${e}?${r}`:e,s);if(o.ok)return o.json();let a=await o.json().catch(()=>({}));throw o.status===401&&window.dispatchEvent(new CustomEvent("need-token")),new xn(o.status,a)}function at(e,t={},n=2){let i=`${e}?${new URLSearchParams(t)}`,r=gn.get(i);if(r&&performance.now()-r.at<n*1e3)return r.answer;let s=Z(e,t);return gn.set(i,{at:performance.now(),answer:s}),s.catch(()=>gn.delete(i)),s}var Wo,xn,gn,tt=E(()=>{Wo="milepost-token",xn=class extends Error{constructor(t,n){super(n.detail||n.title||`HTTP ${t}`),this.status=t,this.code=n.code??"",this.errors=n.errors??[]}};gn=new Map});async function Wi(e,{last:t,signal:n,hear:i}){let r=new AbortController,s=()=>r.abort();n.addEventListener("abort",s);let o,a=()=>{clearTimeout(o),o=setTimeout(s,Zo*1e3)};try{a();let c=await fetch(e,{headers:{...bn(),Accept:"text/event-stream",...t&&{"Last-Event-ID":t}},signal:r.signal,cache:"no-store"});if(!c.ok)throw new vn(c.status,Number(c.headers.get("retry-after")??NaN));let d=c.body.pipeThrough(new TextDecoderStream).getReader(),u=new wn;for(;;){let{done:h,value:f}=await d.read();if(h)return;a(),i(u.take(f))}}finally{clearTimeout(o),n.removeEventListener("abort",s),r.abort()}}var Zo,Gi,vn,wn,Zi=E(()=>{tt();Zo=40,Gi=new Set([400,401,403,404]),vn=class extends Error{constructor(t,n){super(`HTTP ${t}`),this.status=t,this.seconds=n}};wn=class{rest="";fields={data:[]};take(t){let n={events:[],id:void 0,retry:void 0},i=(this.rest+t).split(`
`);this.rest=i.pop();for(let r of i)this.takeLine(r.replace(/\r$/,""),n);return n}takeLine(t,n){if(t===""){let{name:s="message",data:o,id:a}=this.fields;a!==void 0&&(n.id=a),o.length&&n.events.push({name:s,data:JSON.parse(o.join(`
`)),id:a}),this.fields={data:[]};return}let[,i,r]=/^([^:]*):? ?(.*)$/.exec(t);i==="data"?this.fields.data.push(r):i==="event"?this.fields.name=r:i==="id"?this.fields.id=r:i==="retry"&&(n.retry=Number(r))}}});function kt(){return{...et}}function Yi(){document.addEventListener("visibilitychange",ke),window.addEventListener("pagehide",kn),window.addEventListener("pageshow",ke),window.addEventListener("online",Vi),window.addEventListener("urlchange",()=>et.state==="refused"&&Vi()),ke()}function ke(){document.hidden?kn():Ee||Yo()}function Vi(){kn(),le=0,ke()}function kn(){Ee?.abort(),Ee=null}async function Yo(){let e=new AbortController;Ee=e,Jo();try{navigator.locks?await navigator.locks.request(Ji(),{signal:e.signal},()=>Ki(e.signal)):await Ki(e.signal)}catch(t){if(t.name!=="AbortError")throw t}}function Ji(){return _n()?`${Xi}-token`:Xi}function Jo(){It?.close(),It=new BroadcastChannel(Ji()),It.onmessage=({data:e})=>{if(e.ask){et.state!=="waiting"&&It.postMessage({told:et,last:qt});return}qt=e.last??qt,Qi(e.told,e.heard)},It.postMessage({ask:!0})}async function Ki(e){for(;!e.aborted;){try{await Wi(Xo,{last:qt,signal:e,hear:ta}),le=0}catch(t){if(e.aborted)return;if(Gi.has(t.status)){yn({...et,state:"refused"});return}le+=1,t.seconds&&(Ht=Math.max(Ht,t.seconds*1e3))}if(e.aborted)return;yn({...et,state:"lost"}),await Qo(e)}}function Qo(e){let t=Math.min(Ko,Ht*2**le),n=Ht/2+Math.random()*(t-Ht/2);return new Promise(i=>{let r=setTimeout(i,n);e.addEventListener("abort",()=>{clearTimeout(r),i()},{once:!0})})}function ta(e){le=0,e.retry&&(Ht=e.retry),e.id!==void 0&&(qt=e.id);let t=e.events.findLast(r=>r.name==="status")?.data??et.pulse,n=e.events.filter(r=>r.name==="stage"||r.name==="signal"),i=e.events.some(r=>r.name==="reset");yn({state:"live",at:Date.now(),pulse:t},{events:n,reset:i})}function yn(e,t){It?.postMessage({told:e,heard:t,last:qt}),Qi(e,t)}function Qi(e,t){let n={...et};Object.assign(et,e),(t?.events.length||t?.reset||n.pulse&&n.pulse.touchpoints!==et.pulse?.touchpoints)&&$n("live",{events:t?.events??[],reset:!!t?.reset}),et.pulse&&et.pulse!==n.pulse&&et.pulse.at!==n.pulse?.at&&$n("pulse",et.pulse),$n("connection",kt())}function $n(e,t){window.dispatchEvent(new CustomEvent(e,{detail:t}))}var Xo,Xi,Vo,Ko,et,qt,Ht,le,Ee,It,ce=E(()=>{tt();Zi();Xo="/v1/stream",Xi="milepost-live",Vo=2e3,Ko=3e4,et={state:"waiting",at:null,pulse:null},qt=null,Ht=Vo,le=0,Ee=null,It=null});function Ur(e,t){if(!Wn(e)||!e.hasOwnProperty("raw"))throw Error("invalid template strings array");return sr!==void 0?sr.createHTML(t):t}function Ct(e,t,n=e,i){if(t===xt)return t;let r=i!==void 0?n._$Co?.[i]:n._$Cl,s=me(t)?void 0:t._$litDirective$;return r?.constructor!==s&&(r?._$AO?.(!1),s===void 0?r=void 0:(r=new s(e),r._$AT(e,n,i)),i!==void 0?(n._$Co??=[])[i]=r:n._$Cl=r),r!==void 0&&(t=Ct(e,r._$AS(e,t.values),r,i)),t}function Kr(e,t){return e<t?-1:e>t?1:e>=t?0:NaN}function Yr(e){let t=e,n=e;e.length===1&&(t=(o,a)=>e(o)-a,n=va(e));function i(o,a,c,d){for(c==null&&(c=0),d==null&&(d=o.length);c<d;){let u=c+d>>>1;n(o[u],a)<0?c=u+1:d=u}return c}function r(o,a,c,d){for(c==null&&(c=0),d==null&&(d=o.length);c<d;){let u=c+d>>>1;n(o[u],a)>0?d=u:c=u+1}return c}function s(o,a,c,d){c==null&&(c=0),d==null&&(d=o.length);let u=i(o,a,c,d-1);return u>c&&t(o[u-1],a)>-t(o[u],a)?u-1:u}return{left:i,center:s,right:r}}function va(e){return(t,n)=>Kr(e(t),n)}function wa(e){return e===null?NaN:+e}function ka(e,t,n){var i,r=-1,s,o,a;if(t=+t,e=+e,n=+n,e===t&&n>0)return[e];if((i=t<e)&&(s=e,e=t,t=s),(a=Qr(e,t,n))===0||!isFinite(a))return[];if(a>0){let c=Math.round(e/a),d=Math.round(t/a);for(c*a<e&&++c,d*a>t&&--d,o=new Array(s=d-c+1);++r<s;)o[r]=(c+r)*a}else{a=-a;let c=Math.round(e*a),d=Math.round(t*a);for(c/a<e&&++c,d/a>t&&--d,o=new Array(s=d-c+1);++r<s;)o[r]=(c+r)/a}return i&&o.reverse(),o}function Qr(e,t,n){var i=(t-e)/Math.max(0,n),r=Math.floor(Math.log(i)/Math.LN10),s=i/Math.pow(10,r);return r>=0?(s>=Ln?10:s>=On?5:s>=zn?2:1)*Math.pow(10,r):-Math.pow(10,-r)/(s>=Ln?10:s>=On?5:s>=zn?2:1)}function Ea(e,t,n){var i=Math.abs(t-e)/Math.max(0,n),r=Math.pow(10,Math.floor(Math.log(i)/Math.LN10)),s=i/r;return s>=Ln?r*=10:s>=On?r*=5:s>=zn&&(r*=2),t<e?-r:r}function fr(e,t){let n;if(t===void 0)for(let i of e)i!=null&&(n<i||n===void 0&&i>=i)&&(n=i);else{let i=-1;for(let r of e)(r=t(r,++i,e))!=null&&(n<r||n===void 0&&r>=r)&&(n=r)}return n}function Ma(e,t){let n;if(t===void 0)for(let i of e)i!=null&&(n>i||n===void 0&&i>=i)&&(n=i);else{let i=-1;for(let r of e)(r=t(r,++i,e))!=null&&(n>r||n===void 0&&r>=r)&&(n=r)}return n}function Sn(e,t){let n=0;if(t===void 0)for(let i of e)(i=+i)&&(n+=i);else{let i=-1;for(let r of e)(r=+t(r,++i,e))&&(n+=r)}return n}function Sa(e,t){return e.sourceLinks.length?e.depth:t-1}function Me(e){return function(){return e}}function mr(e,t){return Ne(e.source,t.source)||e.index-t.index}function gr(e,t){return Ne(e.target,t.target)||e.index-t.index}function Ne(e,t){return e.y0-t.y0}function An(e){return e.value}function Aa(e){return e.index}function Ta(e){return e.nodes}function Na(e){return e.links}function xr(e,t){let n=e.get(t);if(!n)throw new Error("missing: "+t);return n}function _r({nodes:e}){for(let t of e){let n=t.y0,i=n;for(let r of t.sourceLinks)r.y0=n+r.width/2,n+=r.width;for(let r of t.targetLinks)r.y1=i+r.width/2,i+=r.width}}function ts(){let e=0,t=0,n=1,i=1,r=24,s=8,o,a=Aa,c=Sa,d,u,h=Ta,f=Na,_=6;function b(){let m={nodes:h.apply(null,arguments),links:f.apply(null,arguments)};return T(m),U(m),B(m),A(m),ve(m),_r(m),m}b.update=function(m){return _r(m),m},b.nodeId=function(m){return arguments.length?(a=typeof m=="function"?m:Me(m),b):a},b.nodeAlign=function(m){return arguments.length?(c=typeof m=="function"?m:Me(m),b):c},b.nodeSort=function(m){return arguments.length?(d=m,b):d},b.nodeWidth=function(m){return arguments.length?(r=+m,b):r},b.nodePadding=function(m){return arguments.length?(s=o=+m,b):s},b.nodes=function(m){return arguments.length?(h=typeof m=="function"?m:Me(m),b):h},b.links=function(m){return arguments.length?(f=typeof m=="function"?m:Me(m),b):f},b.linkSort=function(m){return arguments.length?(u=m,b):u},b.size=function(m){return arguments.length?(e=t=0,n=+m[0],i=+m[1],b):[n-e,i-t]},b.extent=function(m){return arguments.length?(e=+m[0][0],n=+m[1][0],t=+m[0][1],i=+m[1][1],b):[[e,t],[n,i]]},b.iterations=function(m){return arguments.length?(_=+m,b):_};function T({nodes:m,links:$}){for(let[w,x]of m.entries())x.index=w,x.sourceLinks=[],x.targetLinks=[];let v=new Map(m.map((w,x)=>[a(w,x,m),w]));for(let[w,x]of $.entries()){x.index=w;let{source:y,target:H}=x;typeof y!="object"&&(y=x.source=xr(v,y)),typeof H!="object"&&(H=x.target=xr(v,H)),y.sourceLinks.push(x),H.targetLinks.push(x)}if(u!=null)for(let{sourceLinks:w,targetLinks:x}of m)w.sort(u),x.sort(u)}function U({nodes:m}){for(let $ of m)$.value=$.fixedValue===void 0?Math.max(Sn($.sourceLinks,An),Sn($.targetLinks,An)):$.fixedValue}function B({nodes:m}){let $=m.length,v=new Set(m),w=new Set,x=0;for(;v.size;){for(let y of v){y.depth=x;for(let{target:H}of y.sourceLinks)w.add(H)}if(++x>$)throw new Error("circular link");v=w,w=new Set}}function A({nodes:m}){let $=m.length,v=new Set(m),w=new Set,x=0;for(;v.size;){for(let y of v){y.height=x;for(let{source:H}of y.targetLinks)w.add(H)}if(++x>$)throw new Error("circular link");v=w,w=new Set}}function L({nodes:m}){let $=fr(m,x=>x.depth)+1,v=(n-e-r)/($-1),w=new Array($);for(let x of m){let y=Math.max(0,Math.min($-1,Math.floor(c.call(null,x,$))));x.layer=y,x.x0=e+y*v,x.x1=x.x0+r,w[y]?w[y].push(x):w[y]=[x]}if(d)for(let x of w)x.sort(d);return w}function F(m){let $=Ma(m,v=>(i-t-(v.length-1)*o)/Sn(v,An));for(let v of m){let w=t;for(let x of v){x.y0=w,x.y1=w+x.value*$,w=x.y1+o;for(let y of x.sourceLinks)y.width=y.value*$}w=(i-w+o)/(v.length+1);for(let x=0;x<v.length;++x){let y=v[x];y.y0+=w*(x+1),y.y1+=w*(x+1)}N(v)}}function ve(m){let $=L(m);o=Math.min(s,(i-t)/(fr($,v=>v.length)-1)),F($);for(let v=0;v<_;++v){let w=Math.pow(.99,v),x=Math.max(1-w,(v+1)/_);cn($,w,x),J($,w,x)}}function J(m,$,v){for(let w=1,x=m.length;w<x;++w){let y=m[w];for(let H of y){let ie=0,$t=0;for(let{source:se,value:hn}of H.targetLinks){let oe=hn*(H.layer-se.layer);ie+=ct(se,H)*oe,$t+=oe}if(!($t>0))continue;let re=(ie/$t-H.y0)*$;H.y0+=re,H.y1+=re,ne(H)}d===void 0&&y.sort(Ne),we(y,v)}}function cn(m,$,v){for(let w=m.length,x=w-2;x>=0;--x){let y=m[x];for(let H of y){let ie=0,$t=0;for(let{target:se,value:hn}of H.sourceLinks){let oe=hn*(se.layer-H.layer);ie+=Q(H,se)*oe,$t+=oe}if(!($t>0))continue;let re=(ie/$t-H.y0)*$;H.y0+=re,H.y1+=re,ne(H)}d===void 0&&y.sort(Ne),we(y,v)}}function we(m,$){let v=m.length>>1,w=m[v];$e(m,w.y0-o,v-1,$),ee(m,w.y1+o,v+1,$),$e(m,i,m.length-1,$),ee(m,t,0,$)}function ee(m,$,v,w){for(;v<m.length;++v){let x=m[v],y=($-x.y0)*w;y>1e-6&&(x.y0+=y,x.y1+=y),$=x.y1+o}}function $e(m,$,v,w){for(;v>=0;--v){let x=m[v],y=(x.y1-$)*w;y>1e-6&&(x.y0-=y,x.y1-=y),$=x.y0-o}}function ne({sourceLinks:m,targetLinks:$}){if(u===void 0){for(let{source:{sourceLinks:v}}of $)v.sort(gr);for(let{target:{targetLinks:v}}of m)v.sort(mr)}}function N(m){if(u===void 0)for(let{sourceLinks:$,targetLinks:v}of m)$.sort(gr),v.sort(mr)}function ct(m,$){let v=m.y0-(m.sourceLinks.length-1)*o/2;for(let{target:w,width:x}of m.sourceLinks){if(w===$)break;v+=x+o}for(let{source:w,width:x}of $.targetLinks){if(w===m)break;v-=x}return v}function Q(m,$){let v=$.y0-($.targetLinks.length-1)*o/2;for(let{source:w,width:x}of $.targetLinks){if(w===m)break;v+=x+o}for(let{target:w,width:x}of m.sourceLinks){if(w===$)break;v-=x}return v}return b}function Dn(){this._x0=this._y0=this._x1=this._y1=null,this._=""}function es(){return new Dn}function br(e){return function(){return e}}function Oa(e){return e[0]}function za(e){return e[1]}function Ra(e){return e.source}function Da(e){return e.target}function Ua(e){var t=Ra,n=Da,i=Oa,r=za,s=null;function o(){var a,c=Pa.call(arguments),d=t.apply(this,c),u=n.apply(this,c);if(s||(s=a=La()),e(s,+i.apply(this,(c[0]=d,c)),+r.apply(this,c),+i.apply(this,(c[0]=u,c)),+r.apply(this,c)),a)return s=null,a+""||null}return o.source=function(a){return arguments.length?(t=a,o):t},o.target=function(a){return arguments.length?(n=a,o):n},o.x=function(a){return arguments.length?(i=typeof a=="function"?a:br(+a),o):i},o.y=function(a){return arguments.length?(r=typeof a=="function"?a:br(+a),o):r},o.context=function(a){return arguments.length?(s=a??null,o):s},o}function ja(e,t,n,i,r){e.moveTo(t,n),e.bezierCurveTo(t=(t+i)/2,n,t,r,i,r)}function Ia(){return Ua(ja)}function qa(e){return[e.source.x1,e.y0]}function Ha(e){return[e.target.x0,e.y1]}function ns(){return Ia().source(qa).target(Ha)}function Fa(e){return Math.abs(e=Math.round(e))>=1e21?e.toLocaleString("en").replace(/,/g,""):e.toString(10)}function Ce(e,t){if(!isFinite(e)||e===0)return null;var n=(e=t?e.toExponential(t-1):e.toExponential()).indexOf("e"),i=e.slice(0,n);return[i.length>1?i[0]+i.slice(2):i,+e.slice(n+1)]}function Gt(e){return e=Ce(Math.abs(e)),e?e[1]:NaN}function Ga(e,t){return function(n,i){for(var r=n.length,s=[],o=0,a=e[0],c=0;r>0&&a>0&&(c+a+1>i&&(a=Math.max(1,i-c)),s.push(n.substring(r-=a,r+a)),!((c+=a+1)>i));)a=e[o=(o+1)%e.length];return s.reverse().join(t)}}function Wa(e){return function(t){return t.replace(/[0-9]/g,function(n){return e[+n]})}}function Le(e){if(!(t=Za.exec(e)))throw new Error("invalid format: "+e);var t;return new Vn({fill:t[1],align:t[2],sign:t[3],symbol:t[4],zero:t[5],width:t[6],comma:t[7],precision:t[8]&&t[8].slice(1),trim:t[9],type:t[10]})}function Vn(e){this.fill=e.fill===void 0?" ":e.fill+"",this.align=e.align===void 0?">":e.align+"",this.sign=e.sign===void 0?"-":e.sign+"",this.symbol=e.symbol===void 0?"":e.symbol+"",this.zero=!!e.zero,this.width=e.width===void 0?void 0:+e.width,this.comma=!!e.comma,this.precision=e.precision===void 0?void 0:+e.precision,this.trim=!!e.trim,this.type=e.type===void 0?"":e.type+""}function Xa(e){t:for(var t=e.length,n=1,i=-1,r;n<t;++n)switch(e[n]){case".":i=r=n;break;case"0":i===0&&(i=n),r=n;break;default:if(!+e[n])break t;i>0&&(i=0);break}return i>0?e.slice(0,i)+e.slice(r+1):e}function Va(e,t){var n=Ce(e,t);if(!n)return Oe=void 0,e.toPrecision(t);var i=n[0],r=n[1],s=r-(Oe=Math.max(-8,Math.min(8,Math.floor(r/3)))*3)+1,o=i.length;return s===o?i:s>o?i+new Array(s-o+1).join("0"):s>0?i.slice(0,s)+"."+i.slice(s):"0."+new Array(1-s).join("0")+Ce(e,Math.max(0,t+s-1))[0]}function wr(e,t){var n=Ce(e,t);if(!n)return e+"";var i=n[0],r=n[1];return r<0?"0."+new Array(-r).join("0")+i:i.length>r+1?i.slice(0,r+1)+"."+i.slice(r+1):i+new Array(r-i.length+2).join("0")}function yr(e){return e}function Ka(e){var t=e.grouping===void 0||e.thousands===void 0?yr:Ga(kr.call(e.grouping,Number),e.thousands+""),n=e.currency===void 0?"":e.currency[0]+"",i=e.currency===void 0?"":e.currency[1]+"",r=e.decimal===void 0?".":e.decimal+"",s=e.numerals===void 0?yr:Wa(kr.call(e.numerals,String)),o=e.percent===void 0?"%":e.percent+"",a=e.minus===void 0?"−":e.minus+"",c=e.nan===void 0?"NaN":e.nan+"";function d(h,f){h=Le(h);var _=h.fill,b=h.align,T=h.sign,U=h.symbol,B=h.zero,A=h.width,L=h.comma,F=h.precision,ve=h.trim,J=h.type;J==="n"?(L=!0,J="g"):$r[J]||(F===void 0&&(F=12),ve=!0,J="g"),(B||_==="0"&&b==="=")&&(B=!0,_="0",b="=");var cn=(f&&f.prefix!==void 0?f.prefix:"")+(U==="$"?n:U==="#"&&/[boxX]/.test(J)?"0"+J.toLowerCase():""),we=(U==="$"?i:/[%p]/.test(J)?o:"")+(f&&f.suffix!==void 0?f.suffix:""),ee=$r[J],$e=/[defgprs%]/.test(J);F=F===void 0?6:/[gprs]/.test(J)?Math.max(1,Math.min(21,F)):Math.max(0,Math.min(20,F));function ne(N){var ct=cn,Q=we,m,$,v;if(J==="c")Q=ee(N)+Q,N="";else{N=+N;var w=N<0||1/N<0;if(N=isNaN(N)?c:ee(Math.abs(N),F),ve&&(N=Xa(N)),w&&+N==0&&T!=="+"&&(w=!1),ct=(w?T==="("?T:a:T==="-"||T==="("?"":T)+ct,Q=(J==="s"&&!isNaN(N)&&Oe!==void 0?Er[8+Oe/3]:"")+Q+(w&&T==="("?")":""),$e){for(m=-1,$=N.length;++m<$;)if(v=N.charCodeAt(m),48>v||v>57){Q=(v===46?r+N.slice(m+1):N.slice(m))+Q,N=N.slice(0,m);break}}}L&&!B&&(N=t(N,1/0));var x=ct.length+N.length+Q.length,y=x<A?new Array(A-x+1).join(_):"";switch(L&&B&&(N=t(y+N,y.length?A-Q.length:1/0),y=""),b){case"<":N=ct+N+Q+y;break;case"=":N=ct+y+N+Q;break;case"^":N=y.slice(0,x=y.length>>1)+ct+N+Q+y.slice(x);break;default:N=y+ct+N+Q;break}return s(N)}return ne.toString=function(){return h+""},ne}function u(h,f){var _=Math.max(-8,Math.min(8,Math.floor(Gt(f)/3)))*3,b=Math.pow(10,-_),T=d((h=Le(h),h.type="f",h),{suffix:Er[8+_/3]});return function(U){return T(b*U)}}return{format:d,formatPrefix:u}}function Ya(e){return Se=Ka(e),is=Se.format,rs=Se.formatPrefix,Se}function Ja(e){return Math.max(0,-Gt(Math.abs(e)))}function Qa(e,t){return Math.max(0,Math.max(-8,Math.min(8,Math.floor(Gt(t)/3)))*3-Gt(Math.abs(e)))}function tl(e,t){return e=Math.abs(e),t=Math.abs(t)-e,Math.max(0,Gt(t)-Gt(e))+1}function el(e,t){switch(arguments.length){case 0:break;case 1:this.range(e);break;default:this.range(t).domain(e);break}return this}function nl(e){return function(){return e}}function il(e){return+e}function Ft(e){return e}function Un(e,t){return(t-=e=+e)?function(n){return(n-e)/t}:nl(isNaN(t)?NaN:.5)}function rl(e,t){var n;return e>t&&(n=e,e=t,t=n),function(i){return Math.max(e,Math.min(t,i))}}function sl(e,t,n){var i=e[0],r=e[1],s=t[0],o=t[1];return r<i?(i=Un(r,i),s=n(o,s)):(i=Un(i,r),s=n(s,o)),function(a){return s(i(a))}}function ol(e,t,n){var i=Math.min(e.length,t.length)-1,r=new Array(i),s=new Array(i),o=-1;for(e[i]<e[0]&&(e=e.slice().reverse(),t=t.slice().reverse());++o<i;)r[o]=Un(e[o],e[o+1]),s[o]=n(t[o],t[o+1]);return function(a){var c=ya(e,a,1,i)-1;return s[c](r[c](a))}}function al(e,t){return t.domain(e.domain()).range(e.range()).interpolate(e.interpolate()).clamp(e.clamp()).unknown(e.unknown())}function ll(){var e=Mr,t=Mr,n=vr,i,r,s,o=Ft,a,c,d;function u(){var f=Math.min(e.length,t.length);return o!==Ft&&(o=rl(e[0],e[f-1])),a=f>2?ol:sl,c=d=null,h}function h(f){return f==null||isNaN(f=+f)?s:(c||(c=a(e.map(i),t,n)))(i(o(f)))}return h.invert=function(f){return o(r((d||(d=a(t,e.map(i),vr)))(f)))},h.domain=function(f){return arguments.length?(e=Array.from(f,il),u()):e.slice()},h.range=function(f){return arguments.length?(t=Array.from(f),u()):t.slice()},h.rangeRound=function(f){return t=Array.from(f),n=Ba,u()},h.clamp=function(f){return arguments.length?(o=f?!0:Ft,u()):o!==Ft},h.interpolate=function(f){return arguments.length?(n=f,u()):n},h.unknown=function(f){return arguments.length?(s=f,h):s},function(f,_){return i=f,r=_,u()}}function cl(){return ll()(Ft,Ft)}function hl(e,t,n,i){var r=Ea(e,t,n),s;switch(i=Le(i??",f"),i.type){case"s":{var o=Math.max(Math.abs(e),Math.abs(t));return i.precision==null&&!isNaN(s=Qa(r,o))&&(i.precision=s),rs(i,o)}case"":case"e":case"g":case"p":case"r":{i.precision==null&&!isNaN(s=tl(r,Math.max(Math.abs(e),Math.abs(t))))&&(i.precision=s-(i.type==="e"));break}case"f":case"%":{i.precision==null&&!isNaN(s=Ja(r))&&(i.precision=s-(i.type==="%")*2);break}}return is(i)}function pl(e){var t=e.domain;return e.ticks=function(n){var i=t();return ka(i[0],i[i.length-1],n??10)},e.tickFormat=function(n,i){var r=t();return hl(r[0],r[r.length-1],n??10,i)},e.nice=function(n){n==null&&(n=10);var i=t(),r=0,s=i.length-1,o=i[r],a=i[s],c,d,u=10;for(a<o&&(d=o,o=a,a=d,d=r,r=s,s=d);u-- >0;){if(d=Qr(o,a,n),d===c)return i[r]=o,i[s]=a,t(i);if(d>0)o=Math.floor(o/d)*d,a=Math.ceil(a/d)*d;else if(d<0)o=Math.ceil(o*d)/d,a=Math.floor(a*d)/d;else break;c=d}return e},e}function He(){var e=cl();return e.copy=function(){return al(e,He())},el.apply(e,arguments),pl(e)}function ss(e){this._+=e[0];for(let t=1,n=e.length;t<n;++t)this._+=arguments[t]+e[t]}function ul(e){let t=Math.floor(e);if(!(t>=0))throw new Error(`invalid digits: ${e}`);if(t>15)return ss;let n=10**t;return function(i){this._+=i[0];for(let r=1,s=i.length;r<s;++r)this._+=Math.round(arguments[r]*n)/n+i[r]}}function os(e,t,n,i){return e===n&&t===i}function fl(e){let t=Math.floor(e);if(!(t<=15))return os;let n=10**t,i=function(r){return Math.round(r*n)};return function(r,s,o,a){return i(r)===i(o)&&i(s)===i(a)}}function ml(){return new Kn}function G(e){return function(){return e}}function ls(e){let t=3;return e.digits=function(n){if(!arguments.length)return t;if(n==null)t=null;else{let i=Math.floor(n);if(!(i>=0))throw new RangeError(`invalid digits: ${n}`);t=i}return e},()=>new Kn(t)}function Yn(e){return typeof e=="object"&&"length"in e?e:Array.from(e)}function cs(e){this._context=e}function Jn(e){return new cs(e)}function hs(e){return e[0]}function ps(e){return e[1]}function Qn(e,t){var n=G(!0),i=null,r=Jn,s=null,o=ls(a);e=typeof e=="function"?e:e===void 0?hs:G(e),t=typeof t=="function"?t:t===void 0?ps:G(t);function a(c){var d,u=(c=Yn(c)).length,h,f=!1,_;for(i==null&&(s=r(_=o())),d=0;d<=u;++d)!(d<u&&n(h=c[d],d,c))===f&&((f=!f)?s.lineStart():s.lineEnd()),f&&s.point(+e(h,d,c),+t(h,d,c));if(_)return s=null,_+""||null}return a.x=function(c){return arguments.length?(e=typeof c=="function"?c:G(+c),a):e},a.y=function(c){return arguments.length?(t=typeof c=="function"?c:G(+c),a):t},a.defined=function(c){return arguments.length?(n=typeof c=="function"?c:G(!!c),a):n},a.curve=function(c){return arguments.length?(r=c,i!=null&&(s=r(i)),a):r},a.context=function(c){return arguments.length?(c==null?i=s=null:s=r(i=c),a):i},a}function ds(e,t,n){var i=null,r=G(!0),s=null,o=Jn,a=null,c=ls(d);e=typeof e=="function"?e:e===void 0?hs:G(+e),t=typeof t=="function"?t:G(t===void 0?0:+t),n=typeof n=="function"?n:n===void 0?ps:G(+n);function d(h){var f,_,b,T=(h=Yn(h)).length,U,B=!1,A,L=new Array(T),F=new Array(T);for(s==null&&(a=o(A=c())),f=0;f<=T;++f){if(!(f<T&&r(U=h[f],f,h))===B)if(B=!B)_=f,a.areaStart(),a.lineStart();else{for(a.lineEnd(),a.lineStart(),b=f-1;b>=_;--b)a.point(L[b],F[b]);a.lineEnd(),a.areaEnd()}B&&(L[f]=+e(U,f,h),F[f]=+t(U,f,h),a.point(i?+i(U,f,h):L[f],n?+n(U,f,h):F[f]))}if(A)return a=null,A+""||null}function u(){return Qn().defined(r).curve(o).context(s)}return d.x=function(h){return arguments.length?(e=typeof h=="function"?h:G(+h),i=null,d):e},d.x0=function(h){return arguments.length?(e=typeof h=="function"?h:G(+h),d):e},d.x1=function(h){return arguments.length?(i=h==null?null:typeof h=="function"?h:G(+h),d):i},d.y=function(h){return arguments.length?(t=typeof h=="function"?h:G(+h),n=null,d):t},d.y0=function(h){return arguments.length?(t=typeof h=="function"?h:G(+h),d):t},d.y1=function(h){return arguments.length?(n=h==null?null:typeof h=="function"?h:G(+h),d):n},d.lineX0=d.lineY0=function(){return u().x(e).y(t)},d.lineY1=function(){return u().x(e).y(n)},d.lineX1=function(){return u().x(i).y(t)},d.defined=function(h){return arguments.length?(r=typeof h=="function"?h:G(!!h),d):r},d.curve=function(h){return arguments.length?(o=h,s!=null&&(a=o(s)),d):o},d.context=function(h){return arguments.length?(h==null?s=a=null:a=o(s=h),d):s},d}function us(e){this._curve=e}function xl(e){function t(n){return new us(e(n))}return t._curve=e,t}function _t(){}function Pe(e,t,n){e._context.bezierCurveTo((2*e._x0+e._x1)/3,(2*e._y0+e._y1)/3,(e._x0+2*e._x1)/3,(e._y0+2*e._y1)/3,(e._x0+4*e._x1+t)/6,(e._y0+4*e._y1+n)/6)}function ti(e){this._context=e}function vl(e){this._context=e}function wl(e){this._context=e}function ms(e,t){this._basis=new ti(e),this._beta=t}function Re(e,t,n){e._context.bezierCurveTo(e._x1+e._k*(e._x2-e._x0),e._y1+e._k*(e._y2-e._y0),e._x2+e._k*(e._x1-t),e._y2+e._k*(e._y1-n),e._x2,e._y2)}function ei(e,t){this._context=e,this._k=(1-t)/6}function ni(e,t){this._context=e,this._k=(1-t)/6}function ii(e,t){this._context=e,this._k=(1-t)/6}function ri(e,t,n){var i=e._x1,r=e._y1,s=e._x2,o=e._y2;if(e._l01_a>Sr){var a=2*e._l01_2a+3*e._l01_a*e._l12_a+e._l12_2a,c=3*e._l01_a*(e._l01_a+e._l12_a);i=(i*a-e._x0*e._l12_2a+e._x2*e._l01_2a)/c,r=(r*a-e._y0*e._l12_2a+e._y2*e._l01_2a)/c}if(e._l23_a>Sr){var d=2*e._l23_2a+3*e._l23_a*e._l12_a+e._l12_2a,u=3*e._l23_a*(e._l23_a+e._l12_a);s=(s*d+e._x1*e._l23_2a-t*e._l12_2a)/u,o=(o*d+e._y1*e._l23_2a-n*e._l12_2a)/u}e._context.bezierCurveTo(i,r,s,o,e._x2,e._y2)}function gs(e,t){this._context=e,this._alpha=t}function xs(e,t){this._context=e,this._alpha=t}function _s(e,t){this._context=e,this._alpha=t}function $l(e){this._context=e}function Ar(e){return e<0?-1:1}function Tr(e,t,n){var i=e._x1-e._x0,r=t-e._x1,s=(e._y1-e._y0)/(i||r<0&&-0),o=(n-e._y1)/(r||i<0&&-0),a=(s*r+o*i)/(i+r);return(Ar(s)+Ar(o))*Math.min(Math.abs(s),Math.abs(o),.5*Math.abs(a))||0}function Nr(e,t){var n=e._x1-e._x0;return n?(3*(e._y1-e._y0)/n-t)/2:t}function Tn(e,t,n){var i=e._x0,r=e._y0,s=e._x1,o=e._y1,a=(s-i)/3;e._context.bezierCurveTo(i+a,r+a*t,s-a,o-a*n,s,o)}function De(e){this._context=e}function yl(e){this._context=new bs(e)}function bs(e){this._context=e}function si(e){return new De(e)}function kl(e){this._context=e}function Cr(e){var t,n=e.length-1,i,r=new Array(n),s=new Array(n),o=new Array(n);for(r[0]=0,s[0]=2,o[0]=e[0]+2*e[1],t=1;t<n-1;++t)r[t]=1,s[t]=4,o[t]=4*e[t]+2*e[t+1];for(r[n-1]=2,s[n-1]=7,o[n-1]=8*e[n-1]+e[n],t=1;t<n;++t)i=r[t]/s[t-1],s[t]-=i,o[t]-=i*o[t-1];for(r[n-1]=o[n-1]/s[n-1],t=n-2;t>=0;--t)r[t]=(o[t]-r[t+1])/s[t];for(s[n-1]=(e[n]+r[n-1])/2,t=0;t<n-1;++t)s[t]=2*e[t+1]-r[t+1];return[r,s]}function El(e,t){this._context=e,this._t=t}function Lr(e,t){if((o=e.length)>1)for(var n=1,i,r,s=e[t[0]],o,a=s.length;n<o;++n)for(r=s,s=e[t[n]],i=0;i<a;++i)s[i][1]+=s[i][0]=isNaN(r[i][1])?r[i][0]:r[i][1]}function Or(e){for(var t=e.length,n=new Array(t);--t>=0;)n[t]=t;return n}function Ml(e,t){return e[t]}function Sl(e){let t=[];return t.key=e,t}function vs(){var e=G([]),t=Or,n=Lr,i=Ml;function r(s){var o=Array.from(e.apply(this,arguments),Sl),a,c=o.length,d=-1,u;for(let h of s)for(a=0,++d;a<c;++a)(o[a][d]=[0,+i(h,o[a].key,d,s)]).data=h;for(a=0,u=Yn(t(o));a<c;++a)o[u[a]].index=a;return n(o,u),o}return r.keys=function(s){return arguments.length?(e=typeof s=="function"?s:G(Array.from(s)),r):e},r.value=function(s){return arguments.length?(i=typeof s=="function"?s:G(+s),r):i},r.order=function(s){return arguments.length?(t=s==null?Or:typeof s=="function"?s:G(Array.from(s)),r):t},r.offset=function(s){return arguments.length?(n=s??Lr,r):n},r}var Ae,qn,Hn,tr,zr,ea,M,na,er,ia,ra,sa,oa,aa,la,Ue,nr,ca,ha,ue,Nn,Pr,ir,Bt,Bn,rr,Te,sr,Fn,pt,Gn,pa,Nt,fe,me,Wn,Rr,En,he,or,ar,Et,lr,cr,Dr,Zn,p,W,ah,xt,g,hr,Tt,jr,Cn,qr,je,ge,Br,Fr,Gr,Wr,da,ua,fa,Xn,z,ma,Zr,Ie,qe,Xr,ga,pr,dr,pe,Mt,xa,_a,ba,Mn,ur,Vr,Jr,$a,lh,ch,ya,Ln,On,zn,Pn,Rn,St,Ca,La,Pa,vr,Ba,Za,Oe,$r,kr,Er,Se,is,rs,Mr,de,jn,At,dl,Kn,gl,In,Wt,Sr,ze,hh,as,ph,dh,uh,_l,fh,fs,mh,gh,xh,_h,bh,bl,vh,wh,$h,yh,kh,Eh,Mh,Sh,P=E(()=>{Ae=globalThis,qn=Ae.ShadowRoot&&(Ae.ShadyCSS===void 0||Ae.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,Hn=Symbol(),tr=new WeakMap,zr=class{constructor(e,t,n){if(this._$cssResult$=!0,n!==Hn)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,t=this.t;if(qn&&e===void 0){let n=t!==void 0&&t.length===1;n&&(e=tr.get(t)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),n&&tr.set(t,e))}return e}toString(){return this.cssText}},ea=e=>new zr(typeof e=="string"?e:e+"",void 0,Hn),M=(e,...t)=>{let n=e.length===1?e[0]:t.reduce((i,r,s)=>i+(o=>{if(o._$cssResult$===!0)return o.cssText;if(typeof o=="number")return o;throw Error("Value passed to 'css' function must be a 'css' function result: "+o+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.")})(r)+e[s+1],e[0]);return new zr(n,e,Hn)},na=(e,t)=>{if(qn)e.adoptedStyleSheets=t.map(n=>n instanceof CSSStyleSheet?n:n.styleSheet);else for(let n of t){let i=document.createElement("style"),r=Ae.litNonce;r!==void 0&&i.setAttribute("nonce",r),i.textContent=n.cssText,e.appendChild(i)}},er=qn?e=>e:e=>e instanceof CSSStyleSheet?(t=>{let n="";for(let i of t.cssRules)n+=i.cssText;return ea(n)})(e):e,{is:ia,defineProperty:ra,getOwnPropertyDescriptor:sa,getOwnPropertyNames:oa,getOwnPropertySymbols:aa,getPrototypeOf:la}=Object,Ue=globalThis,nr=Ue.trustedTypes,ca=nr?nr.emptyScript:"",ha=Ue.reactiveElementPolyfillSupport,ue=(e,t)=>e,Nn={toAttribute(e,t){switch(t){case Boolean:e=e?ca:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},Pr=(e,t)=>!ia(e,t),ir={attribute:!0,type:String,converter:Nn,reflect:!1,useDefault:!1,hasChanged:Pr};Symbol.metadata??=Symbol("metadata"),Ue.litPropertyMetadata??=new WeakMap;Bt=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ir){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),i=this.getPropertyDescriptor(e,n,t);i!==void 0&&ra(this.prototype,e,i)}}static getPropertyDescriptor(e,t,n){let{get:i,set:r}=sa(this.prototype,e)??{get(){return this[t]},set(s){this[t]=s}};return{get:i,set(s){let o=i?.call(this);r?.call(this,s),this.requestUpdate(e,o,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ir}static _$Ei(){if(this.hasOwnProperty(ue("elementProperties")))return;let e=la(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(ue("finalized")))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(ue("properties"))){let t=this.properties,n=[...oa(t),...aa(t)];for(let i of n)this.createProperty(i,t[i])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[n,i]of t)this.elementProperties.set(n,i)}this._$Eh=new Map;for(let[t,n]of this.elementProperties){let i=this._$Eu(t,n);i!==void 0&&this._$Eh.set(i,t)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let i of n)t.unshift(er(i))}else e!==void 0&&t.push(er(e));return t}static _$Eu(e,t){let n=t.attribute;return n===!1?void 0:typeof n=="string"?n:typeof e=="string"?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return na(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),i=this.constructor._$Eu(e,n);if(i!==void 0&&n.reflect===!0){let r=(n.converter?.toAttribute!==void 0?n.converter:Nn).toAttribute(t,n.type);this._$Em=e,r==null?this.removeAttribute(i):this.setAttribute(i,r),this._$Em=null}}_$AK(e,t){let n=this.constructor,i=n._$Eh.get(e);if(i!==void 0&&this._$Em!==i){let r=n.getPropertyOptions(i),s=typeof r.converter=="function"?{fromAttribute:r.converter}:r.converter?.fromAttribute!==void 0?r.converter:Nn;this._$Em=i;let o=s.fromAttribute(t,r.type);this[i]=o??this._$Ej?.get(i)??o,this._$Em=null}}requestUpdate(e,t,n,i=!1,r){if(e!==void 0){let s=this.constructor;if(i===!1&&(r=this[e]),n??=s.getPropertyOptions(e),!((n.hasChanged??Pr)(r,t)||n.useDefault&&n.reflect&&r===this._$Ej?.get(e)&&!this.hasAttribute(s._$Eu(e,n))))return;this.C(e,t,n)}this.isUpdatePending===!1&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:i,wrapped:r},s){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,s??t??this[e]),r!==!0||s!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),i===!0&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(t){Promise.reject(t)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[i,r]of this._$Ep)this[i]=r;this._$Ep=void 0}let n=this.constructor.elementProperties;if(n.size>0)for(let[i,r]of n){let{wrapped:s}=r,o=this[i];s!==!0||this._$AL.has(i)||o===void 0||this.C(i,void 0,r,o)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(n=>n.hostUpdate?.()),this.update(t)):this._$EM()}catch(n){throw e=!1,this._$EM(),n}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(t=>t.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(t=>this._$ET(t,this[t])),this._$EM()}updated(e){}firstUpdated(e){}};Bt.elementStyles=[],Bt.shadowRootOptions={mode:"open"},Bt[ue("elementProperties")]=new Map,Bt[ue("finalized")]=new Map,ha?.({ReactiveElement:Bt}),(Ue.reactiveElementVersions??=[]).push("2.1.2");Bn=globalThis,rr=e=>e,Te=Bn.trustedTypes,sr=Te?Te.createPolicy("lit-html",{createHTML:e=>e}):void 0,Fn="$lit$",pt=`lit$${Math.random().toFixed(9).slice(2)}$`,Gn="?"+pt,pa=`<${Gn}>`,Nt=document,fe=()=>Nt.createComment(""),me=e=>e===null||typeof e!="object"&&typeof e!="function",Wn=Array.isArray,Rr=e=>Wn(e)||typeof e?.[Symbol.iterator]=="function",En=`[ 	
\f\r]`,he=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,or=/-->/g,ar=/>/g,Et=RegExp(`>|${En}(?:([^\\s"'>=/]+)(${En}*=${En}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),lr=/'/g,cr=/"/g,Dr=/^(?:script|style|textarea|title)$/i,Zn=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),p=Zn(1),W=Zn(2),ah=Zn(3),xt=Symbol.for("lit-noChange"),g=Symbol.for("lit-nothing"),hr=new WeakMap,Tt=Nt.createTreeWalker(Nt,129);jr=(e,t)=>{let n=e.length-1,i=[],r,s=t===2?"<svg>":t===3?"<math>":"",o=he;for(let a=0;a<n;a++){let c=e[a],d,u,h=-1,f=0;for(;f<c.length&&(o.lastIndex=f,u=o.exec(c),u!==null);)f=o.lastIndex,o===he?u[1]==="!--"?o=or:u[1]!==void 0?o=ar:u[2]!==void 0?(Dr.test(u[2])&&(r=RegExp("</"+u[2],"g")),o=Et):u[3]!==void 0&&(o=Et):o===Et?u[0]===">"?(o=r??he,h=-1):u[1]===void 0?h=-2:(h=o.lastIndex-u[2].length,d=u[1],o=u[3]===void 0?Et:u[3]==='"'?cr:lr):o===cr||o===lr?o=Et:o===or||o===ar?o=he:(o=Et,r=void 0);let _=o===Et&&e[a+1].startsWith("/>")?" ":"";s+=o===he?c+pa:h>=0?(i.push(d),c.slice(0,h)+Fn+c.slice(h)+pt+_):c+pt+(h===-2?a:_)}return[Ur(e,s+(e[n]||"<?>")+(t===2?"</svg>":t===3?"</math>":"")),i]},Cn=class Ir{constructor({strings:t,_$litType$:n},i){let r;this.parts=[];let s=0,o=0,a=t.length-1,c=this.parts,[d,u]=jr(t,n);if(this.el=Ir.createElement(d,i),Tt.currentNode=this.el.content,n===2||n===3){let h=this.el.content.firstChild;h.replaceWith(...h.childNodes)}for(;(r=Tt.nextNode())!==null&&c.length<a;){if(r.nodeType===1){if(r.hasAttributes())for(let h of r.getAttributeNames())if(h.endsWith(Fn)){let f=u[o++],_=r.getAttribute(h).split(pt),b=/([.?@])?(.*)/.exec(f);c.push({type:1,index:s,name:b[2],strings:_,ctor:b[1]==="."?Br:b[1]==="?"?Fr:b[1]==="@"?Gr:ge}),r.removeAttribute(h)}else h.startsWith(pt)&&(c.push({type:6,index:s}),r.removeAttribute(h));if(Dr.test(r.tagName)){let h=r.textContent.split(pt),f=h.length-1;if(f>0){r.textContent=Te?Te.emptyScript:"";for(let _=0;_<f;_++)r.append(h[_],fe()),Tt.nextNode(),c.push({type:2,index:++s});r.append(h[f],fe())}}}else if(r.nodeType===8)if(r.data===Gn)c.push({type:2,index:s});else{let h=-1;for(;(h=r.data.indexOf(pt,h+1))!==-1;)c.push({type:7,index:s}),h+=pt.length-1}s++}}static createElement(t,n){let i=Nt.createElement("template");return i.innerHTML=t,i}};qr=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,i=(e?.creationScope??Nt).importNode(t,!0);Tt.currentNode=i;let r=Tt.nextNode(),s=0,o=0,a=n[0];for(;a!==void 0;){if(s===a.index){let c;a.type===2?c=new je(r,r.nextSibling,this,e):a.type===1?c=new a.ctor(r,a.name,a.strings,this,e):a.type===6&&(c=new Wr(r,this,e)),this._$AV.push(c),a=n[++o]}s!==a?.index&&(r=Tt.nextNode(),s++)}return Tt.currentNode=Nt,i}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings!==void 0?(n._$AI(e,n,t),t+=n.strings.length-2):n._$AI(e[t])),t++}},je=class Hr{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(t,n,i,r){this.type=2,this._$AH=g,this._$AN=void 0,this._$AA=t,this._$AB=n,this._$AM=i,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let t=this._$AA.parentNode,n=this._$AM;return n!==void 0&&t?.nodeType===11&&(t=n.parentNode),t}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(t,n=this){t=Ct(this,t,n),me(t)?t===g||t==null||t===""?(this._$AH!==g&&this._$AR(),this._$AH=g):t!==this._$AH&&t!==xt&&this._(t):t._$litType$!==void 0?this.$(t):t.nodeType!==void 0?this.T(t):Rr(t)?this.k(t):this._(t)}O(t){return this._$AA.parentNode.insertBefore(t,this._$AB)}T(t){this._$AH!==t&&(this._$AR(),this._$AH=this.O(t))}_(t){this._$AH!==g&&me(this._$AH)?this._$AA.nextSibling.data=t:this.T(Nt.createTextNode(t)),this._$AH=t}$(t){let{values:n,_$litType$:i}=t,r=typeof i=="number"?this._$AC(t):(i.el===void 0&&(i.el=Cn.createElement(Ur(i.h,i.h[0]),this.options)),i);if(this._$AH?._$AD===r)this._$AH.p(n);else{let s=new qr(r,this),o=s.u(this.options);s.p(n),this.T(o),this._$AH=s}}_$AC(t){let n=hr.get(t.strings);return n===void 0&&hr.set(t.strings,n=new Cn(t)),n}k(t){Wn(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,i,r=0;for(let s of t)r===n.length?n.push(i=new Hr(this.O(fe()),this.O(fe()),this,this.options)):i=n[r],i._$AI(s),r++;r<n.length&&(this._$AR(i&&i._$AB.nextSibling,r),n.length=r)}_$AR(t=this._$AA.nextSibling,n){for(this._$AP?.(!1,!0,n);t!==this._$AB;){let i=rr(t).nextSibling;rr(t).remove(),t=i}}setConnected(t){this._$AM===void 0&&(this._$Cv=t,this._$AP?.(t))}},ge=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,i,r){this.type=1,this._$AH=g,this._$AN=void 0,this.element=e,this.name=t,this._$AM=i,this.options=r,n.length>2||n[0]!==""||n[1]!==""?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=g}_$AI(e,t=this,n,i){let r=this.strings,s=!1;if(r===void 0)e=Ct(this,e,t,0),s=!me(e)||e!==this._$AH&&e!==xt,s&&(this._$AH=e);else{let o=e,a,c;for(e=r[0],a=0;a<r.length-1;a++)c=Ct(this,o[n+a],t,a),c===xt&&(c=this._$AH[a]),s||=!me(c)||c!==this._$AH[a],c===g?e=g:e!==g&&(e+=(c??"")+r[a+1]),this._$AH[a]=c}s&&!i&&this.j(e)}j(e){e===g?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},Br=class extends ge{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===g?void 0:e}},Fr=class extends ge{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==g)}},Gr=class extends ge{constructor(e,t,n,i,r){super(e,t,n,i,r),this.type=5}_$AI(e,t=this){if((e=Ct(this,e,t,0)??g)===xt)return;let n=this._$AH,i=e===g&&n!==g||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,r=e!==g&&(n===g||i);i&&this.element.removeEventListener(this.name,this,n),r&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Wr=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){Ct(this,e)}},da={M:Fn,P:pt,A:Gn,C:1,L:jr,R:qr,D:Rr,V:Ct,I:je,H:ge,N:Fr,U:Gr,B:Br,F:Wr},ua=Bn.litHtmlPolyfillSupport;ua?.(Cn,je),(Bn.litHtmlVersions??=[]).push("3.3.3");fa=(e,t,n)=>{let i=n?.renderBefore??t,r=i._$litPart$;if(r===void 0){let s=n?.renderBefore??null;i._$litPart$=r=new je(t.insertBefore(fe(),s),s,void 0,n??{})}return r._$AI(e),r},Xn=globalThis,z=class extends Bt{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=fa(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return xt}};z._$litElement$=!0,z.finalized=!0,Xn.litElementHydrateSupport?.({LitElement:z});ma=Xn.litElementPolyfillSupport;ma?.({LitElement:z});(Xn.litElementVersions??=[]).push("4.2.2");Zr={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Ie=e=>(...t)=>({_$litDirective$:e,values:t}),qe=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},Xr=Ie(class extends qe{constructor(e){if(super(e),e.type!==Zr.ATTRIBUTE||e.name!=="class"||e.strings?.length>2)throw Error("`classMap()` can only be used in the `class` attribute and must be the only part in the attribute.")}render(e){return" "+Object.keys(e).filter(t=>e[t]).join(" ")+" "}update(e,[t]){if(this.st===void 0){this.st=new Set,e.strings!==void 0&&(this.nt=new Set(e.strings.join(" ").split(/\s/).filter(i=>i!=="")));for(let i in t)t[i]&&!this.nt?.has(i)&&this.st.add(i);return this.render(t)}let n=e.element.classList;for(let i of this.st)i in t||(n.remove(i),this.st.delete(i));for(let i in t){let r=!!t[i];r===this.st.has(i)||this.nt?.has(i)||(r?(n.add(i),this.st.add(i)):(n.remove(i),this.st.delete(i)))}return xt}}),{I:ga}=da,pr=e=>e,dr=()=>document.createComment(""),pe=(e,t,n)=>{let i=e._$AA.parentNode,r=t===void 0?e._$AB:t._$AA;if(n===void 0){let s=i.insertBefore(dr(),r),o=i.insertBefore(dr(),r);n=new ga(s,o,e,e.options)}else{let s=n._$AB.nextSibling,o=n._$AM,a=o!==e;if(a){let c;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(c=e._$AU)!==o._$AU&&n._$AP(c)}if(s!==r||a){let c=n._$AA;for(;c!==s;){let d=pr(c).nextSibling;pr(i).insertBefore(c,r),c=d}}}return n},Mt=(e,t,n=e)=>(e._$AI(t,n),e),xa={},_a=(e,t=xa)=>e._$AH=t,ba=e=>e._$AH,Mn=e=>{e._$AR(),e._$AA.remove()},ur=(e,t,n)=>{let i=new Map;for(let r=t;r<=n;r++)i.set(e[r],r);return i},Vr=Ie(class extends qe{constructor(e){if(super(e),e.type!==Zr.CHILD)throw Error("repeat() can only be used in text expressions")}dt(e,t,n){let i;n===void 0?n=t:t!==void 0&&(i=t);let r=[],s=[],o=0;for(let a of e)r[o]=i?i(a,o):o,s[o]=n(a,o),o++;return{values:s,keys:r}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,i]){let r=ba(e),{values:s,keys:o}=this.dt(t,n,i);if(!Array.isArray(r))return this.ut=o,s;let a=this.ut??=[],c=[],d,u,h=0,f=r.length-1,_=0,b=s.length-1;for(;h<=f&&_<=b;)if(r[h]===null)h++;else if(r[f]===null)f--;else if(a[h]===o[_])c[_]=Mt(r[h],s[_]),h++,_++;else if(a[f]===o[b])c[b]=Mt(r[f],s[b]),f--,b--;else if(a[h]===o[b])c[b]=Mt(r[h],s[b]),pe(e,c[b+1],r[h]),h++,b--;else if(a[f]===o[_])c[_]=Mt(r[f],s[_]),pe(e,r[h],r[f]),f--,_++;else if(d===void 0&&(d=ur(o,_,b),u=ur(a,h,f)),d.has(a[h]))if(d.has(a[f])){let T=u.get(o[_]),U=T!==void 0?r[T]:null;if(U===null){let B=pe(e,r[h]);Mt(B,s[_]),c[_]=B}else c[_]=Mt(U,s[_]),pe(e,r[h],U),r[T]=null;_++}else Mn(r[f]),f--;else Mn(r[h]),h++;for(;_<=b;){let T=pe(e,c[b+1]);Mt(T,s[_]),c[_++]=T}for(;h<=f;){let T=r[h++];T!==null&&Mn(T)}return this.ut=o,_a(e,c),xt}});Jr=Yr(Kr),$a=Jr.right,lh=Jr.left,ch=Yr(wa).center,ya=$a,Ln=Math.sqrt(50),On=Math.sqrt(10),zn=Math.sqrt(2);Pn=Math.PI,Rn=2*Pn,St=1e-6,Ca=Rn-St;Dn.prototype=es.prototype={constructor:Dn,moveTo:function(e,t){this._+="M"+(this._x0=this._x1=+e)+","+(this._y0=this._y1=+t)},closePath:function(){this._x1!==null&&(this._x1=this._x0,this._y1=this._y0,this._+="Z")},lineTo:function(e,t){this._+="L"+(this._x1=+e)+","+(this._y1=+t)},quadraticCurveTo:function(e,t,n,i){this._+="Q"+ +e+","+ +t+","+(this._x1=+n)+","+(this._y1=+i)},bezierCurveTo:function(e,t,n,i,r,s){this._+="C"+ +e+","+ +t+","+ +n+","+ +i+","+(this._x1=+r)+","+(this._y1=+s)},arcTo:function(e,t,n,i,r){e=+e,t=+t,n=+n,i=+i,r=+r;var s=this._x1,o=this._y1,a=n-e,c=i-t,d=s-e,u=o-t,h=d*d+u*u;if(r<0)throw new Error("negative radius: "+r);if(this._x1===null)this._+="M"+(this._x1=e)+","+(this._y1=t);else if(h>St)if(!(Math.abs(u*a-c*d)>St)||!r)this._+="L"+(this._x1=e)+","+(this._y1=t);else{var f=n-s,_=i-o,b=a*a+c*c,T=f*f+_*_,U=Math.sqrt(b),B=Math.sqrt(h),A=r*Math.tan((Pn-Math.acos((b+h-T)/(2*U*B)))/2),L=A/B,F=A/U;Math.abs(L-1)>St&&(this._+="L"+(e+L*d)+","+(t+L*u)),this._+="A"+r+","+r+",0,0,"+ +(u*f>d*_)+","+(this._x1=e+F*a)+","+(this._y1=t+F*c)}},arc:function(e,t,n,i,r,s){e=+e,t=+t,n=+n,s=!!s;var o=n*Math.cos(i),a=n*Math.sin(i),c=e+o,d=t+a,u=1^s,h=s?i-r:r-i;if(n<0)throw new Error("negative radius: "+n);this._x1===null?this._+="M"+c+","+d:(Math.abs(this._x1-c)>St||Math.abs(this._y1-d)>St)&&(this._+="L"+c+","+d),n&&(h<0&&(h=h%Rn+Rn),h>Ca?this._+="A"+n+","+n+",0,1,"+u+","+(e-o)+","+(t-a)+"A"+n+","+n+",0,1,"+u+","+(this._x1=c)+","+(this._y1=d):h>St&&(this._+="A"+n+","+n+",0,"+ +(h>=Pn)+","+u+","+(this._x1=e+n*Math.cos(r))+","+(this._y1=t+n*Math.sin(r))))},rect:function(e,t,n,i){this._+="M"+(this._x0=this._x1=+e)+","+(this._y0=this._y1=+t)+"h"+ +n+"v"+ +i+"h"+-n+"Z"},toString:function(){return this._}};La=es;Pa=Array.prototype.slice;vr=(e,t)=>n=>e*(1-n)+t*n,Ba=(e,t)=>n=>Math.round(e*(1-n)+t*n);Za=/^(?:(.)?([<>=^]))?([+\-( ])?([$#])?(0)?(\d+)?(,)?(\.\d+)?(~)?([a-z%])?$/i;Le.prototype=Vn.prototype;Vn.prototype.toString=function(){return this.fill+this.align+this.sign+this.symbol+(this.zero?"0":"")+(this.width===void 0?"":Math.max(1,this.width|0))+(this.comma?",":"")+(this.precision===void 0?"":"."+Math.max(0,this.precision|0))+(this.trim?"~":"")+this.type};$r={"%":(e,t)=>(e*100).toFixed(t),b:e=>Math.round(e).toString(2),c:e=>e+"",d:Fa,e:(e,t)=>e.toExponential(t),f:(e,t)=>e.toFixed(t),g:(e,t)=>e.toPrecision(t),o:e=>Math.round(e).toString(8),p:(e,t)=>wr(e*100,t),r:wr,s:Va,X:e=>Math.round(e).toString(16).toUpperCase(),x:e=>Math.round(e).toString(16)};kr=Array.prototype.map,Er=["y","z","a","f","p","n","µ","m","","k","M","G","T","P","E","Z","Y"];Ya({thousands:",",grouping:[3],currency:["$",""]});Mr=[0,1];de=Math.PI,jn=2*de,At=1e-6,dl=jn-At;Kn=class{constructor(e){this._x0=this._y0=this._x1=this._y1=null,this._="",this._append=e==null?ss:ul(e),this._equal=e==null?os:fl(e)}moveTo(e,t){this._append`M${this._x0=this._x1=+e},${this._y0=this._y1=+t}`}closePath(){this._x1!==null&&(this._x1=this._x0,this._y1=this._y0,this._append`Z`)}lineTo(e,t){this._append`L${this._x1=+e},${this._y1=+t}`}quadraticCurveTo(e,t,n,i){this._append`Q${+e},${+t},${this._x1=+n},${this._y1=+i}`}bezierCurveTo(e,t,n,i,r,s){this._append`C${+e},${+t},${+n},${+i},${this._x1=+r},${this._y1=+s}`}arcTo(e,t,n,i,r){if(e=+e,t=+t,n=+n,i=+i,r=+r,r<0)throw new Error(`negative radius: ${r}`);let s=this._x1,o=this._y1,a=n-e,c=i-t,d=s-e,u=o-t,h=d*d+u*u;if(this._x1===null)this._append`M${this._x1=e},${this._y1=t}`;else if(h>At)if(!(Math.abs(u*a-c*d)>At)||!r)this._append`L${this._x1=e},${this._y1=t}`;else{let f=n-s,_=i-o,b=a*a+c*c,T=f*f+_*_,U=Math.sqrt(b),B=Math.sqrt(h),A=r*Math.tan((de-Math.acos((b+h-T)/(2*U*B)))/2),L=A/B,F=A/U;Math.abs(L-1)>At&&this._append`L${e+L*d},${t+L*u}`,this._append`A${r},${r},0,0,${+(u*f>d*_)},${this._x1=e+F*a},${this._y1=t+F*c}`}}arc(e,t,n,i,r,s){if(e=+e,t=+t,n=+n,s=!!s,n<0)throw new Error(`negative radius: ${n}`);let o=n*Math.cos(i),a=n*Math.sin(i),c=e+o,d=t+a,u=1^s,h=s?i-r:r-i;if(this._x1===null?this._append`M${c},${d}`:(Math.abs(this._x1-c)>At||Math.abs(this._y1-d)>At)&&this._append`L${c},${d}`,!!n){if(h<0&&(h=h%jn+jn),h>dl)this._append`A${n},${n},0,1,${u},${e-o},${t-a}A${n},${n},0,1,${u},${this._x1=c},${this._y1=d}`;else if(h>At){let f=e+n*Math.cos(r),_=t+n*Math.sin(r);if(h>=de&&this._equal(c,d,f,_)){h/=2;let b=i+h;this._append`A${n},${n},0,${+(h>=de)},${u},${e+n*Math.cos(b)},${t+n*Math.sin(b)}`}this._append`A${n},${n},0,${+(h>=de)},${u},${this._x1=f},${this._y1=_}`}}}rect(e,t,n,i){this._append`M${this._x0=this._x1=+e},${this._y0=this._y1=+t}h${n=+n}v${+i}h${-n}Z`}toString(){return this._}};ml.prototype=Kn.prototype;gl=Math.cos,In=Math.sin,Wt=Math.sqrt,Sr=1e-12,ze=Math.PI,hh=ze/2,as=2*ze;ph=Array.prototype.slice;cs.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._point=0},lineEnd:function(){(this._line||this._line!==0&&this._point===1)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1,this._line?this._context.lineTo(e,t):this._context.moveTo(e,t);break;case 1:this._point=2;default:this._context.lineTo(e,t);break}}};dh=xl(Jn);us.prototype={areaStart:function(){this._curve.areaStart()},areaEnd:function(){this._curve.areaEnd()},lineStart:function(){this._curve.lineStart()},lineEnd:function(){this._curve.lineEnd()},point:function(e,t){this._curve.point(t*Math.sin(e),t*-Math.cos(e))}};uh=Wt(3),_l=Wt(1/3),fh=_l*2,fs=In(ze/10)/In(7*ze/10),mh=In(as/10)*fs,gh=-gl(as/10)*fs,xh=Wt(3),_h=Wt(3),bh=Wt(3)/2,bl=1/Wt(12),vh=(bl/2+1)*3;ti.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._y0=this._y1=NaN,this._point=0},lineEnd:function(){switch(this._point){case 3:Pe(this,this._x1,this._y1);case 2:this._context.lineTo(this._x1,this._y1);break}(this._line||this._line!==0&&this._point===1)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1,this._line?this._context.lineTo(e,t):this._context.moveTo(e,t);break;case 1:this._point=2;break;case 2:this._point=3,this._context.lineTo((5*this._x0+this._x1)/6,(5*this._y0+this._y1)/6);default:Pe(this,e,t);break}this._x0=this._x1,this._x1=e,this._y0=this._y1,this._y1=t}};vl.prototype={areaStart:_t,areaEnd:_t,lineStart:function(){this._x0=this._x1=this._x2=this._x3=this._x4=this._y0=this._y1=this._y2=this._y3=this._y4=NaN,this._point=0},lineEnd:function(){switch(this._point){case 1:{this._context.moveTo(this._x2,this._y2),this._context.closePath();break}case 2:{this._context.moveTo((this._x2+2*this._x3)/3,(this._y2+2*this._y3)/3),this._context.lineTo((this._x3+2*this._x2)/3,(this._y3+2*this._y2)/3),this._context.closePath();break}case 3:{this.point(this._x2,this._y2),this.point(this._x3,this._y3),this.point(this._x4,this._y4);break}}},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1,this._x2=e,this._y2=t;break;case 1:this._point=2,this._x3=e,this._y3=t;break;case 2:this._point=3,this._x4=e,this._y4=t,this._context.moveTo((this._x0+4*this._x1+e)/6,(this._y0+4*this._y1+t)/6);break;default:Pe(this,e,t);break}this._x0=this._x1,this._x1=e,this._y0=this._y1,this._y1=t}};wl.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._y0=this._y1=NaN,this._point=0},lineEnd:function(){(this._line||this._line!==0&&this._point===3)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1;break;case 1:this._point=2;break;case 2:this._point=3;var n=(this._x0+4*this._x1+e)/6,i=(this._y0+4*this._y1+t)/6;this._line?this._context.lineTo(n,i):this._context.moveTo(n,i);break;case 3:this._point=4;default:Pe(this,e,t);break}this._x0=this._x1,this._x1=e,this._y0=this._y1,this._y1=t}};ms.prototype={lineStart:function(){this._x=[],this._y=[],this._basis.lineStart()},lineEnd:function(){var e=this._x,t=this._y,n=e.length-1;if(n>0)for(var i=e[0],r=t[0],s=e[n]-i,o=t[n]-r,a=-1,c;++a<=n;)c=a/n,this._basis.point(this._beta*e[a]+(1-this._beta)*(i+c*s),this._beta*t[a]+(1-this._beta)*(r+c*o));this._x=this._y=null,this._basis.lineEnd()},point:function(e,t){this._x.push(+e),this._y.push(+t)}};wh=(function e(t){function n(i){return t===1?new ti(i):new ms(i,t)}return n.beta=function(i){return e(+i)},n})(.85);ei.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._x2=this._y0=this._y1=this._y2=NaN,this._point=0},lineEnd:function(){switch(this._point){case 2:this._context.lineTo(this._x2,this._y2);break;case 3:Re(this,this._x1,this._y1);break}(this._line||this._line!==0&&this._point===1)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1,this._line?this._context.lineTo(e,t):this._context.moveTo(e,t);break;case 1:this._point=2,this._x1=e,this._y1=t;break;case 2:this._point=3;default:Re(this,e,t);break}this._x0=this._x1,this._x1=this._x2,this._x2=e,this._y0=this._y1,this._y1=this._y2,this._y2=t}};$h=(function e(t){function n(i){return new ei(i,t)}return n.tension=function(i){return e(+i)},n})(0);ni.prototype={areaStart:_t,areaEnd:_t,lineStart:function(){this._x0=this._x1=this._x2=this._x3=this._x4=this._x5=this._y0=this._y1=this._y2=this._y3=this._y4=this._y5=NaN,this._point=0},lineEnd:function(){switch(this._point){case 1:{this._context.moveTo(this._x3,this._y3),this._context.closePath();break}case 2:{this._context.lineTo(this._x3,this._y3),this._context.closePath();break}case 3:{this.point(this._x3,this._y3),this.point(this._x4,this._y4),this.point(this._x5,this._y5);break}}},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1,this._x3=e,this._y3=t;break;case 1:this._point=2,this._context.moveTo(this._x4=e,this._y4=t);break;case 2:this._point=3,this._x5=e,this._y5=t;break;default:Re(this,e,t);break}this._x0=this._x1,this._x1=this._x2,this._x2=e,this._y0=this._y1,this._y1=this._y2,this._y2=t}};yh=(function e(t){function n(i){return new ni(i,t)}return n.tension=function(i){return e(+i)},n})(0);ii.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._x2=this._y0=this._y1=this._y2=NaN,this._point=0},lineEnd:function(){(this._line||this._line!==0&&this._point===3)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1;break;case 1:this._point=2;break;case 2:this._point=3,this._line?this._context.lineTo(this._x2,this._y2):this._context.moveTo(this._x2,this._y2);break;case 3:this._point=4;default:Re(this,e,t);break}this._x0=this._x1,this._x1=this._x2,this._x2=e,this._y0=this._y1,this._y1=this._y2,this._y2=t}};kh=(function e(t){function n(i){return new ii(i,t)}return n.tension=function(i){return e(+i)},n})(0);gs.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._x2=this._y0=this._y1=this._y2=NaN,this._l01_a=this._l12_a=this._l23_a=this._l01_2a=this._l12_2a=this._l23_2a=this._point=0},lineEnd:function(){switch(this._point){case 2:this._context.lineTo(this._x2,this._y2);break;case 3:this.point(this._x2,this._y2);break}(this._line||this._line!==0&&this._point===1)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){if(e=+e,t=+t,this._point){var n=this._x2-e,i=this._y2-t;this._l23_a=Math.sqrt(this._l23_2a=Math.pow(n*n+i*i,this._alpha))}switch(this._point){case 0:this._point=1,this._line?this._context.lineTo(e,t):this._context.moveTo(e,t);break;case 1:this._point=2;break;case 2:this._point=3;default:ri(this,e,t);break}this._l01_a=this._l12_a,this._l12_a=this._l23_a,this._l01_2a=this._l12_2a,this._l12_2a=this._l23_2a,this._x0=this._x1,this._x1=this._x2,this._x2=e,this._y0=this._y1,this._y1=this._y2,this._y2=t}};Eh=(function e(t){function n(i){return t?new gs(i,t):new ei(i,0)}return n.alpha=function(i){return e(+i)},n})(.5);xs.prototype={areaStart:_t,areaEnd:_t,lineStart:function(){this._x0=this._x1=this._x2=this._x3=this._x4=this._x5=this._y0=this._y1=this._y2=this._y3=this._y4=this._y5=NaN,this._l01_a=this._l12_a=this._l23_a=this._l01_2a=this._l12_2a=this._l23_2a=this._point=0},lineEnd:function(){switch(this._point){case 1:{this._context.moveTo(this._x3,this._y3),this._context.closePath();break}case 2:{this._context.lineTo(this._x3,this._y3),this._context.closePath();break}case 3:{this.point(this._x3,this._y3),this.point(this._x4,this._y4),this.point(this._x5,this._y5);break}}},point:function(e,t){if(e=+e,t=+t,this._point){var n=this._x2-e,i=this._y2-t;this._l23_a=Math.sqrt(this._l23_2a=Math.pow(n*n+i*i,this._alpha))}switch(this._point){case 0:this._point=1,this._x3=e,this._y3=t;break;case 1:this._point=2,this._context.moveTo(this._x4=e,this._y4=t);break;case 2:this._point=3,this._x5=e,this._y5=t;break;default:ri(this,e,t);break}this._l01_a=this._l12_a,this._l12_a=this._l23_a,this._l01_2a=this._l12_2a,this._l12_2a=this._l23_2a,this._x0=this._x1,this._x1=this._x2,this._x2=e,this._y0=this._y1,this._y1=this._y2,this._y2=t}};Mh=(function e(t){function n(i){return t?new xs(i,t):new ni(i,0)}return n.alpha=function(i){return e(+i)},n})(.5);_s.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._x2=this._y0=this._y1=this._y2=NaN,this._l01_a=this._l12_a=this._l23_a=this._l01_2a=this._l12_2a=this._l23_2a=this._point=0},lineEnd:function(){(this._line||this._line!==0&&this._point===3)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){if(e=+e,t=+t,this._point){var n=this._x2-e,i=this._y2-t;this._l23_a=Math.sqrt(this._l23_2a=Math.pow(n*n+i*i,this._alpha))}switch(this._point){case 0:this._point=1;break;case 1:this._point=2;break;case 2:this._point=3,this._line?this._context.lineTo(this._x2,this._y2):this._context.moveTo(this._x2,this._y2);break;case 3:this._point=4;default:ri(this,e,t);break}this._l01_a=this._l12_a,this._l12_a=this._l23_a,this._l01_2a=this._l12_2a,this._l12_2a=this._l23_2a,this._x0=this._x1,this._x1=this._x2,this._x2=e,this._y0=this._y1,this._y1=this._y2,this._y2=t}};Sh=(function e(t){function n(i){return t?new _s(i,t):new ii(i,0)}return n.alpha=function(i){return e(+i)},n})(.5);$l.prototype={areaStart:_t,areaEnd:_t,lineStart:function(){this._point=0},lineEnd:function(){this._point&&this._context.closePath()},point:function(e,t){e=+e,t=+t,this._point?this._context.lineTo(e,t):(this._point=1,this._context.moveTo(e,t))}};De.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x0=this._x1=this._y0=this._y1=this._t0=NaN,this._point=0},lineEnd:function(){switch(this._point){case 2:this._context.lineTo(this._x1,this._y1);break;case 3:Tn(this,this._t0,Nr(this,this._t0));break}(this._line||this._line!==0&&this._point===1)&&this._context.closePath(),this._line=1-this._line},point:function(e,t){var n=NaN;if(e=+e,t=+t,!(e===this._x1&&t===this._y1)){switch(this._point){case 0:this._point=1,this._line?this._context.lineTo(e,t):this._context.moveTo(e,t);break;case 1:this._point=2;break;case 2:this._point=3,Tn(this,Nr(this,n=Tr(this,e,t)),n);break;default:Tn(this,this._t0,n=Tr(this,e,t));break}this._x0=this._x1,this._x1=e,this._y0=this._y1,this._y1=t,this._t0=n}}};(yl.prototype=Object.create(De.prototype)).point=function(e,t){De.prototype.point.call(this,t,e)};bs.prototype={moveTo:function(e,t){this._context.moveTo(t,e)},closePath:function(){this._context.closePath()},lineTo:function(e,t){this._context.lineTo(t,e)},bezierCurveTo:function(e,t,n,i,r,s){this._context.bezierCurveTo(t,e,i,n,s,r)}};kl.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x=[],this._y=[]},lineEnd:function(){var e=this._x,t=this._y,n=e.length;if(n)if(this._line?this._context.lineTo(e[0],t[0]):this._context.moveTo(e[0],t[0]),n===2)this._context.lineTo(e[1],t[1]);else for(var i=Cr(e),r=Cr(t),s=0,o=1;o<n;++s,++o)this._context.bezierCurveTo(i[0][s],r[0][s],i[1][s],r[1][s],e[o],t[o]);(this._line||this._line!==0&&n===1)&&this._context.closePath(),this._line=1-this._line,this._x=this._y=null},point:function(e,t){this._x.push(+e),this._y.push(+t)}};El.prototype={areaStart:function(){this._line=0},areaEnd:function(){this._line=NaN},lineStart:function(){this._x=this._y=NaN,this._point=0},lineEnd:function(){0<this._t&&this._t<1&&this._point===2&&this._context.lineTo(this._x,this._y),(this._line||this._line!==0&&this._point===1)&&this._context.closePath(),this._line>=0&&(this._t=1-this._t,this._line=1-this._line)},point:function(e,t){switch(e=+e,t=+t,this._point){case 0:this._point=1,this._line?this._context.lineTo(e,t):this._context.moveTo(e,t);break;case 1:this._point=2;default:{if(this._t<=0)this._context.lineTo(this._x,t),this._context.lineTo(e,t);else{var n=this._x*(1-this._t)+e*this._t;this._context.lineTo(n,this._y),this._context.lineTo(n,t)}break}}this._x=e,this._y=t}}});function dt(e,t){let n=`${e.name} ${ot()} ${JSON.stringify(t)}`;return oi.has(n)||oi.set(n,new e(ot(),t)),oi.get(n)}function D(e){return dt(Intl.NumberFormat,{}).format(e)}function ws(e){return dt(Intl.NumberFormat,{notation:"compact",maximumFractionDigits:1}).format(e)}function Y(e,t=0){return e==null?"–":dt(Intl.NumberFormat,{style:"percent",maximumFractionDigits:t}).format(e)}function li(e){return dt(Intl.NumberFormat,{maximumFractionDigits:1,signDisplay:"exceptZero"}).format(e*100)}function j(e){if(e==null)return"–";if(e<1)return ai(Math.round(e*10)/10,"second");let t=e>=36e3?Math.round(e/3600)*3600:e>=600?Math.round(e/60)*60:Math.round(e),n=Be.findIndex(([,c])=>t>=c),[i,r]=Be[n],s=Math.floor(t/r),o=[ai(s,i)],a=Be[n+1];if(a&&s<10){let c=Math.floor((t-s*r)/a[1]);c&&o.push(ai(c,a[0]))}return o.join(" ")}function ai(e,t){return dt(Intl.NumberFormat,{style:"unit",unit:t,unitDisplay:"short",maximumFractionDigits:1}).format(e)}function Lt(e,t=Date.now()){let n=(new Date(e)-t)/1e3,[i,r]=Be.find(([,s])=>Math.abs(n)>=s)??["second",1];return dt(Intl.RelativeTimeFormat,{numeric:"auto",style:"short"}).format(Math.round(n/r),i)}function I(e,t={dateStyle:"medium",timeStyle:"short"}){return dt(Intl.DateTimeFormat,{timeZone:mt(),...t}).format(new Date(e))}function xe(e,t={day:"numeric",month:"short",year:"numeric"}){return I(e,t)}function bt(e){return I(e,{timeStyle:"medium"})}function Zt(e,t){try{return dt(Intl.NumberFormat,{style:"currency",currency:t,maximumFractionDigits:2}).format(e)}catch{return`${D(e)} ${t??""}`.trim()}}function $s(e){return dt(Intl.ListFormat,{type:"conjunction"}).format(e)}var oi,Be,K=E(()=>{R();V();oi=new Map;Be=[["day",86400],["hour",3600],["minute",60],["second",1]]});var ys={};Dt(ys,{FigureNumber:()=>Fe});var Fe,ks=E(()=>{P();K();R();Fe=class extends z{static shadowRootOptions={...z.shadowRootOptions,delegatesFocus:!0};static properties={figure:{attribute:!1},text:{attribute:!1},label:{attribute:!1}};static styles=M`
    :host { font-variant-numeric: tabular-nums; }
    button {
      font: inherit; color: inherit; background: none; border: 0; margin: -2px -4px;
      padding: 2px 4px; border-radius: 4px; cursor: pointer; text-align: inherit;
      letter-spacing: inherit; white-space: nowrap; position: relative;
    }
    /* Fingers need more room than the figure takes. */
    button::after { content: ''; position: absolute; inset: -4px -2px; }
    button:hover { background: var(--accent-soft); color: var(--accent-ink); }
    button:focus-visible { outline: 2px solid var(--accent); outline-offset: 0; }
    .none { color: var(--ink-3); }
    @media print { button { padding: 0; margin: 0; } }
  `;render(){let t=this.figure?.people??0,n=this.text??D(t);if(!t)return p`<span class="none">${n}</span>`;let i=l("number.people",{n:t}),r=[this.text,this.label,i].filter(Boolean).join(", ");return p`<button type="button" aria-label=${r} title=${this.label||g}
      @click=${this.open}>${n}</button>`}open(){let{people:t,query:n}=this.figure,i={query:n,people:t,title:this.label??""};this.dispatchEvent(new CustomEvent("open-people",{detail:i,bubbles:!0,composed:!0}))}};customElements.define("mp-number",Fe)});var X,Xt,lt=E(()=>{P();X=M`
  button, select, input { font: inherit; color: inherit; }
  .control {
    display: inline-flex; align-items: center; gap: 6px; min-height: 32px; padding: 0 10px;
    border: 1px solid var(--line); border-radius: 8px; background: var(--surface);
    color: var(--ink); cursor: pointer; white-space: nowrap;
  }
  .control:hover { border-color: var(--line-strong); background: var(--hover); }
  select.control { field-sizing: content; }
  .quiet { border-color: transparent; background: none; color: var(--ink-2); }
  .control:disabled { color: var(--ink-3); cursor: default; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
  .segmented {
    display: inline-flex; border: 1px solid var(--line); border-radius: 8px; overflow: clip;
    background: var(--surface);
  }
  .segmented button {
    border: 0; background: none; min-height: 30px; padding: 0 10px; cursor: pointer;
    color: var(--ink-2); white-space: nowrap;
  }
  .segmented button + button { border-inline-start: 1px solid var(--line); }
  .segmented button:hover { background: var(--hover); color: var(--ink); }
  .segmented button[aria-pressed='true'] {
    background: var(--accent-soft); color: var(--accent-ink); font-weight: 600;
  }
  .segmented button:focus-visible { outline-offset: -2px; }
  .hidden {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
    white-space: nowrap;
  }
`,Xt=M`
  :host { display: block; min-width: 0; }
  :host([hidden]) { display: none; }
  section {
    background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
    padding: 16px 20px 20px;
  }
  header {
    display: flex; align-items: flex-start; gap: 8px 16px; flex-wrap: wrap; margin-bottom: 12px;
  }
  .heading { flex: 1 1 240px; min-width: 0; }
  h2 { margin: 0; font-size: 1rem; line-height: 24px; font-weight: 650; letter-spacing: -0.005em; }
  .rule {
    margin: 0; color: var(--ink-2); font-size: 0.8125rem; line-height: 20px; max-width: 88ch;
  }
  .tools { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; }
  .tools .control, .tools .segmented { font-size: 0.8125rem; }
  .body { position: relative; }
  .skeleton { display: grid; gap: 12px; padding: 4px 0; }
  .skeleton i {
    display: block; height: 28px; border-radius: 6px; background: var(--hover);
    animation: breathe 1.6s ease-in-out infinite;
  }
  .skeleton i:nth-child(2) { width: 92%; } .skeleton i:nth-child(3) { width: 78%; }
  @keyframes breathe { 50% { opacity: 0.45; } }
  @media (prefers-reduced-motion: reduce) { .skeleton i { animation: none; } }
  .fault {
    display: flex; gap: 12px; align-items: center; flex-wrap: wrap; padding: 12px 14px;
    border: 1px solid var(--bad-line); border-radius: 8px; background: var(--bad-soft);
  }
  .fault p { margin: 0; flex: 1 1 240px; overflow-wrap: anywhere; }
  .empty { color: var(--ink-2); margin: 8px 0 0; }
  .twin { overflow-x: auto; }
  .twin table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
  .twin th, .twin td {
    text-align: end; padding: 6px 12px; border-bottom: 1px solid var(--line); white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .twin th:first-child, .twin td:first-child { text-align: start; padding-inline-start: 0; }
  .twin thead th { color: var(--ink-2); font-weight: 500; font-size: 0.8125rem; }
  .twin tbody th { font-weight: 500; }
  @media (max-width: 640px) { section { padding: 14px 14px 16px; } }
  @media print { section { break-inside: avoid; border-color: #ccc; } .tools { display: none; } }
`});var Al,Tl,Nl,ci,Es=E(()=>{P();tt();K();R();Al=5,Tl=15,Nl=20,ci=class extends z{static properties={age:{state:!0},away:{state:!0}};static styles=M`
    :host { display: inline-flex; align-items: center; gap: 8px; color: var(--ink-2);
      font-size: 0.8125rem; white-space: nowrap; }
    b { width: 8px; height: 8px; border-radius: 50%; background: var(--good); }
    .old { background: none; border: 2px solid var(--warn); }
    .away { background: none; border: 2px dashed var(--bad); }
  `;connectedCallback(){super.connectedCallback(),window.addEventListener("langchange",()=>this.requestUpdate()),window.addEventListener("pulse",({detail:t})=>{this.heardAt=performance.now(),this.away=!1,this.age=t.watermark_age_seconds}),this.look(),this.timer=setInterval(()=>document.hidden||this.streams||this.look(),Al*1e3)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.timer)}get streams(){return performance.now()-(this.heardAt??-1/0)<Nl*1e3}async look(){try{let t=await Z("/v1/status");this.away=!1,this.age=t.watermark.age_seconds,this.compare(JSON.stringify([t.touchpoints,t.signals,t.definition.version]))}catch(t){this.away=t.status!==401}}compare(t){this.seen&&this.seen!==t&&!this.streams&&window.dispatchEvent(new CustomEvent("live",{detail:{looked:!0}})),this.seen=t}render(){return this.away?p`<b class="away"></b>${l("fresh.away")}`:this.age===void 0?g:this.age===null?p`<b class="old"></b>${l("fresh.none")}`:this.age<=Tl?p`<b></b>${l("fresh.live")}`:p`<b class="old"></b>${l("fresh.behind",{time:j(this.age)})}`}};customElements.define("mp-freshness",ci)});function pi(e,t){let n=new Date(`${e}T00:00:00Z`);return n.setUTCDate(n.getUTCDate()+t),n.toISOString().slice(0,10)}function Cl(e,t){let n=r=>xe(`${r}T12:00:00Z`,{day:"numeric",month:"short"}),i=t?Ot(t)&&n(pi(Ot(t),-1)):l("period.now");return`${Ot(e)?n(Ot(e)):"…"} – ${i??"…"}`}var Ms,hi,Ot,Ss=E(()=>{P();K();R();lt();V();Ms={from:null,to:null,period:null},hi=class extends z{static properties={open:{state:!0}};static styles=[X,M`
    :host { display: inline-block; position: relative; font-size: 0.8125rem; }
    form {
      position: absolute; top: calc(100% + 6px); right: 0; z-index: 5; display: grid; gap: 12px;
      padding: 16px; border: 1px solid var(--line-strong); border-radius: 12px;
      background: var(--raised); grid-template-columns: 1fr 1fr; width: 320px;
      max-width: calc(100vw - 24px);
    }
    label { display: grid; gap: 4px; color: var(--ink-2); }
    input { min-height: 34px; padding: 0 8px; border: 1px solid var(--line-strong);
      border-radius: 8px; background: var(--surface); min-width: 0; }
    form button { grid-column: 1 / -1; justify-content: center; }
    .go { background: var(--accent); color: var(--on-accent); border-color: var(--accent);
      font-weight: 600; }
    .go:hover { background: var(--accent-ink); }
    @media (max-width: 640px) {
      form { right: auto; left: 0; }
      .segmented button { padding: 0 7px; }
    }
  `];connectedCallback(){super.connectedCallback();for(let t of["urlchange","langchange"])window.addEventListener(t,()=>this.requestUpdate());document.addEventListener("click",t=>{this.open&&!t.composedPath().includes(this)&&(this.open=!1)})}render(){let{from:t,to:n,period:i}=k(),r=!!(t||n),s=r?null:i in yt?i:Ut;return p`<div class="segmented" role="group" aria-label=${l("period.title")}
        @keydown=${this.onKey}>
      ${Object.keys(yt).map(o=>p`<button type="button"
        aria-pressed=${String(o===s)} @click=${()=>this.choose(o)}>
        ${l(`period.${o}`)}</button>`)}
      <button type="button" aria-pressed=${String(r)} aria-expanded=${String(!!this.open)}
        @click=${()=>{this.open=!this.open}}>
        ${r?Cl(t,n):l("period.custom")}</button></div>
      ${this.open?this.renderForm():g}`}renderForm(){let{from:t,to:n}=k();return p`<form @submit=${this.apply} @keydown=${this.onKey}>
      <label>${l("period.from")}<input type="date" name="from" required
        .value=${Ot(t)??ae(29)}></label>
      <label>${l("period.to")}<input type="date" name="to" required
        .value=${Ot(n)?pi(Ot(n),-1):ae(0)}></label>
      <button class="control go" type="submit">${l("period.apply")}</button></form>`}choose(t){this.open=!1,S({...Ms,period:t===Ut?null:t})}apply(t){t.preventDefault();let{from:n,to:i}=t.target.elements,[r,s]=[n.value,i.value].sort();this.open=!1,S({...Ms,from:r,to:s>=ae(0)?null:pi(s,1)})}onKey(t){t.key==="Escape"&&(this.open=!1)}},Ot=e=>e?.match(/^\d{4}-\d{2}-\d{2}/)?.[0];customElements.define("mp-period",hi)});var Rl={};function As(e,t){try{localStorage.setItem(`milepost-${e}`,t)}catch{}}function Ll(){let e=Intl.DateTimeFormat().resolvedOptions().timeZone,t=[...new Set([e,mt(),"UTC"])];return[...t,...Intl.supportedValuesOf("timeZone").filter(n=>!t.includes(n))]}var Ge,di,Ol,We,Ze,zl,Pl,Ts=E(()=>{P();tt();R();lt();V();Es();Ss();Ge=["auto","light","dark"],di=class extends z{static properties={journey:{state:!0},copied:{state:!0}};static styles=[X,M`
    :host { font-size: 0.875rem; }
    .bar {
      display: flex; align-items: center; flex-wrap: wrap; gap: 8px 12px; max-width: 1680px;
      margin: 0 auto; padding: 10px 24px;
    }
    .who { display: flex; align-items: center; gap: 10px; margin-inline-end: auto; min-width: 0; }
    .who svg { width: 28px; height: 28px; flex: none; }
    h1 { margin: 0; font-size: 1.0625rem; line-height: 20px; font-weight: 650; }
    .who p { margin: 0; color: var(--ink-2); font-size: 0.75rem; line-height: 16px; }
    select.control { padding-inline-end: 4px; max-width: 168px; }
    .control svg { width: 16px; height: 16px; }
    .icon { padding: 0 8px; }
    @media (max-width: 640px) { .bar { padding: 10px 12px; } .share span { display: none; } }
    @media print { .period, select, .icon, .share { display: none; } }
  `];connectedCallback(){super.connectedCallback();for(let t of["urlchange","langchange"])window.addEventListener(t,()=>this.requestUpdate());this.look(),window.addEventListener("urlchange",()=>!this.journey&&this.look())}async look(){this.journey=await at("/v1/journey",{},60).catch(()=>null)}get name(){let t=this.journey?.definition?.labels??{};return t[ot()]??t.en??this.journey?.journey??l("page.name")}render(){let t=Ge.find(n=>n===document.documentElement.dataset.theme)??"auto";return p`<div class="bar">
      <div class="who">${Ol}<div><h1>${this.name}</h1><p>${l("page.title")}</p></div></div>
      <mp-freshness></mp-freshness>
      <mp-period class="period"></mp-period>
      <select class="control quiet" aria-label=${l("zone.title")} @change=${this.chooseZone}>
        ${Ll().map(n=>p`<option value=${n} ?selected=${n===mt()}>
          ${n.replaceAll("_"," ")}</option>`)}</select>
      <select class="control quiet" aria-label=${l("page.lang")} @change=${this.chooseLanguage}>
        ${dn.map(n=>p`<option value=${n} lang=${n}
          ?selected=${n===ot()}>${Hi[n]}</option>`)}</select>
      <button class="control quiet icon" type="button" @click=${()=>this.turnTheme(t)}
        aria-label=${l(`page.theme.${t}`)} title=${l(`page.theme.${t}`)}>
        ${Pl[t]}</button>
      <button class="control share" type="button" @click=${this.share}
        aria-label=${l("page.share")}>${zl}<span>${l(this.copied?"page.copied":"page.share")}</span></button>
      <span class="hidden" role="status">${this.copied?l("page.copied"):g}</span>
    </div>`}chooseZone({target:t}){S({zone:t.value===Intl.DateTimeFormat().resolvedOptions().timeZone?null:t.value})}chooseLanguage({target:t}){As("lang",t.value),S({lang:t.value})}turnTheme(t){let n=Ge[(Ge.indexOf(t)+1)%Ge.length];As("theme",n),n==="auto"?delete document.documentElement.dataset.theme:document.documentElement.dataset.theme=n,S({theme:n==="auto"?null:n},{replace:!0}),this.requestUpdate()}async share(){let t=new URL(location.href),{period:n,from:i}=k();!i&&!(n in yt)&&t.searchParams.set("period",Ut),t.searchParams.set("zone",mt()),await navigator.clipboard.writeText(t.href),this.copied=!0,setTimeout(()=>{this.copied=!1},2e3)}};Ol=p`<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8"
  fill="var(--accent)"/><path d="M7 21c5 0 4-10 9-10s4 10 9 10" fill="none"
  stroke="var(--on-accent)" stroke-width="2.6" stroke-linecap="round"/><g fill="var(--on-accent)">
  <circle cx="7" cy="21" r="2.8"/><circle cx="16" cy="11" r="2.8"/><circle cx="25" cy="21" r="2.8"/>
  </g></svg>`,We=e=>p`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor"
  stroke-width="1.5" stroke-linecap="round" aria-hidden="true">${e}</svg>`,Ze=e=>{let t=document.createElementNS("http://www.w3.org/2000/svg","path");return t.setAttribute("d",e),t},zl=We(Ze("M6.5 9.5l3-3M7 4.5l1-1a2.8 2.8 0 0 1 4 4l-1 1M9 11.5l-1 1a2.8 2.8 0 0 1-4-4l1-1")),Pl={auto:We(Ze("M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11")),light:We(Ze("M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7")),dark:We(Ze("M13 9.6A5.4 5.4 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6z"))};customElements.define("mp-header",di)});var Ul={};var Dl,ui,fi,Ns=E(()=>{P();K();R();ce();Dl=5,ui=5e3,fi=class extends z{static properties={shown:{state:!0}};static styles=M`
    :host { display: block; position: sticky; top: 0; z-index: 5; }
    p {
      display: flex; align-items: center; justify-content: center; gap: 8px; margin: 0;
      padding: 6px 24px; font-size: 0.8125rem; line-height: 20px;
      color: var(--warn); background: var(--warn-soft); border-block: 1px solid var(--line);
    }
    i { width: 8px; height: 8px; flex: none; border: 2px dashed currentColor; border-radius: 50%; }
    @media print { :host { display: none; } }
  `;connectedCallback(){super.connectedCallback(),this.lostAt=null,window.addEventListener("connection",({detail:t})=>{t.state==="lost"?this.lostAt??=Date.now():this.lostAt=null,this.look()}),window.addEventListener("langchange",()=>this.requestUpdate()),this.timer=setInterval(()=>this.look(),ui)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.timer)}look(){let t=this.lostAt===null?0:(Date.now()-this.lostAt)/1e3,{at:n}=kt(),i=n===null?null:Math.round((Date.now()-n)/ui)*(ui/1e3);this.shown=t>=Dl?{seconds:i}:null}render(){let t=this.shown&&(this.shown.seconds===null?l("live.lost"):l("live.lost_since",{time:j(this.shown.seconds)}));return p`<div role="status">${t?p`<p><i></i>${t}</p>`:g}</div>`}};customElements.define("mp-banner",fi)});var Cs={};Dt(Cs,{CHOICES:()=>Xe});function mi(e){return gt(`filter.${e}`)?l(`filter.${e}`):e}var jl,Il,Xe,gi,Ls=E(()=>{P();tt();R();lt();V();jl=["website","app","email","chatbot","phone","offline"],Il=["raised","recovered","expired","retracted"],Xe=[{name:"channel",values:()=>jl,text:nt},{name:"rule",values:async()=>(await at("/v1/journey",{},60)).definition.abandonment.map(e=>e.name),text:ht},{name:"state",values:()=>Il,text:e=>l(`signal.${e}`)}],gi=class extends z{static properties={offered:{state:!0}};static styles=[X,M`
    :host { font-size: 0.8125rem; }
    div { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; max-width: 1680px;
      margin: 0 auto; padding: 0 24px 10px; }
    .control { min-height: 28px; border-radius: 14px; }
    select.control { border-style: dashed; border-color: var(--line-strong); color: var(--ink-2);
      background: none; padding-inline: 10px 4px; }
    .chip { display: inline-flex; align-items: center; min-height: 28px; border-radius: 14px;
      padding-inline-start: 12px; background: var(--accent-soft); color: var(--accent-ink);
      font-weight: 550; max-width: 100%; }
    .chip span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .chip small { font-size: inherit; font-weight: 400; }
    .chip button { border: 0; background: none; min-width: 28px; min-height: 28px; cursor: pointer;
      border-radius: 14px; color: inherit; font-size: 1rem; line-height: 1; }
    .chip button:hover { background: var(--surface); }
    @media (max-width: 640px) { div { padding: 0 12px 10px; } }
  `];constructor(){super(),this.offered={}}connectedCallback(){super.connectedCallback();for(let t of["urlchange","langchange"])window.addEventListener(t,()=>this.requestUpdate());this.offer(),window.addEventListener("urlchange",()=>this.offer())}offer(){for(let{name:t,values:n}of Xe.filter(i=>!this.offered[i.name]))Promise.resolve(n()).then(i=>{this.offered={...this.offered,[t]:i}}).catch(()=>{})}render(){let t=k(),n=ft.filter(r=>t[r]),i=Xe.filter(({name:r})=>!t[r]&&this.offered[r]?.length);return p`<div role="group" aria-label=${l("filters.title")}>
      ${n.map(r=>this.renderChip(r,t[r]))}
      ${i.map(r=>this.renderChoice(r))}
      ${n.length>1?p`<button class="control quiet" type="button"
        @click=${()=>S(Object.fromEntries(ft.map(r=>[r,null])))}>
        ${l("filters.clear")}</button>`:g}
    </div>`}renderChip(t,n){let i=Xe.find(s=>s.name===t)?.text(n)??n,r=mi(t);return p`<span class="chip"><span><small>${r}:</small> ${i}</span><button type="button"
      aria-label=${l("filters.remove",{name:r})} @click=${()=>S({[t]:null})}
      >×</button></span>`}renderChoice({name:t,text:n}){return p`<select class="control" aria-label=${mi(t)}
      @change=${({target:i})=>S({[t]:i.value})}>
      <option value="" selected>+ ${mi(t)}</option>
      ${this.offered[t].map(i=>p`<option value=${i}>${n(i)}</option>`)}
    </select>`}};customElements.define("mp-filters",gi)});function Os(e){return e==null?"–":typeof e!="object"?e:p`<mp-number .figure=${e.figure} .text=${e.text} .label=${e.label}>
  </mp-number>`}var ql,Hl,q,zt=E(()=>{P();tt();R();lt();V();ql=5,Hl=matchMedia("(hover: hover)"),q=class extends z{static properties={data:{state:!0},fault:{state:!0},asTable:{state:!0}};static name_="";static path="";static seconds=10;static styles=[X,Xt];constructor(){super(),this.data=null,this.fault=null,this.asTable=!1,this.askedAt=0,this.took=0,this.missed=!1}connectedCallback(){super.connectedCallback(),this.leaving=new AbortController;let{signal:t}=this.leaving;window.addEventListener("urlchange",()=>this.reload(),{signal:t}),window.addEventListener("langchange",()=>this.requestUpdate(),{signal:t}),window.addEventListener("live",n=>this.onLive(n),{signal:t}),document.addEventListener("visibilitychange",()=>this.missed&&this.onLive(),{signal:t}),this.addEventListener("pointerleave",()=>this.missed&&this.onLive(),{signal:t}),this.reload()}disconnectedCallback(){super.disconnectedCallback(),this.leaving.abort(),clearTimeout(this.waiting)}params(t){return st(t)}async reload({anew:t=!1}={}){let n=this.params(k()),i=JSON.stringify(n);if(i===this.question&&!t&&!this.fault){this.requestUpdate();return}this.asking?.abort(),this.asking=new AbortController,this.question=i,this.askedAt=performance.now(),this.missed=!1;try{let r=await this.fetch_(n,this.asking.signal);this.took=performance.now()-this.askedAt,this.fault=null,this.data=r,this.loaded(r)}catch(r){r.name!=="AbortError"&&(this.fault=r)}}fetch_(t,n){return Z(this.constructor.path,t,{signal:n})}loaded(){}onLive(){if(this.missed=!0,!jt()||document.hidden||this.waiting)return;let t=performance.now()-this.askedAt,n=Math.max(this.constructor.seconds*1e3,ql*this.took);this.waiting=setTimeout(()=>{this.waiting=null,!(document.hidden||Hl.matches&&this.matches(":hover"))&&this.reload({anew:!0})},Math.max(0,n-t))}isEmpty(){return!1}renderEmpty(){return p`<p class="empty">${l(`${this.constructor.name_}.empty`)}</p>`}tools(){return g}rule(){return l(`${this.constructor.name_}.rule`)}render(){let{name_:t}=this.constructor,n=this.data&&!this.isEmpty(this.data),i=!this.data&&!this.fault;return p`<section aria-labelledby="title" aria-busy=${String(i)}>
      <header>
        <div class="heading">
          <h2 id="title">${l(`${t}.title`)}</h2>
          <p class="rule">${this.rule()}</p>
        </div>
        <div class="tools">
          ${n?this.tools(this.data):g}
          ${n&&this.table&&this.hasTwin!==!1?this.renderSwitch():g}
          ${n?p`<mp-export .section=${this}></mp-export>`:g}
        </div>
      </header>
      <div class="body">${this.renderBody()}</div>
    </section>`}renderSwitch(){return p`<button class="control" type="button" aria-pressed=${String(this.asTable)}
      @click=${()=>{this.asTable=!this.asTable}}>
      ${l(this.asTable?"section.chart":"section.table")}</button>`}renderBody(){let t=this.fault?this.renderFault():g;if(!this.data)return this.fault?t:p`<div class="skeleton" role="status">
        <span class="hidden">${l("section.loading")}</span><i></i><i></i><i></i></div>`;if(this.isEmpty(this.data))return p`${t}${this.renderEmpty(this.data)}`;let n=this.asTable?this.renderTwin(this.table(this.data)):this.render_(this.data);return p`${t}${n}`}renderFault(){return p`<div class="fault" role="alert">
      <p>${l("section.fault")} ${this.fault.message}</p>
      <button class="control" type="button" @click=${()=>this.reload({anew:!0})}>
        ${l("section.retry")}</button>
    </div>`}renderTwin({columns:t,rows:n}){return p`<div class="twin" tabindex="0" role="group" aria-labelledby="title"><table>
      <thead><tr>${t.map(i=>p`<th scope="col">${i}</th>`)}</tr></thead>
      <tbody>${n.map(([i,...r])=>p`<tr>
        <th scope="row">${Os(i)}</th>
        ${r.map(s=>p`<td>${Os(s)}</td>`)}</tr>`)}
      </tbody>
    </table></div>`}}});var xi,C,it=E(()=>{P();xi=class extends qe{update(t,[n]){for(let[i,r]of Object.entries(n))t.element.style.setProperty(i,r)}},C=Ie(xi)});function ut(e,t){return`${O(e)}: ${t}`}function Bl(e){let t=e.reduce((s,o)=>s+o,0);if(!t)return e.map(()=>0);let n=e.map(s=>s/t*100),i=n.map(Math.floor),r=100-i.reduce((s,o)=>s+o,0);return n.map((s,o)=>[s-i[o],o]).sort((s,o)=>o[0]-s[0]).slice(0,r).forEach(([,s])=>{i[s]+=1}),i}function Ps(e){let t=e.present.people;if(!t)return p`<i>–</i>`;let n=Bl(_i.map(i=>e[i].people));return p`<div class="bar ${t<Ve?"few":""}" aria-hidden="true">
      ${_i.map(i=>p`<b class=${i}
        ${C({"flex-grow":e[i].people})}></b>`)}</div>
    <div class="parts">${_i.map((i,r)=>p`<span class=${i}><mp-number
      .figure=${e[i]} .text=${Y(n[r]/100)}
      .label=${ut(e,l(`map.${i}`))}></mp-number></span>`)}</div>`}function Rs(e,t,n,{byEvents:i,events:r}){if(!t?.people)return p`<div class="cell none"><i>–</i></div>`;let s=i?t.events/r:t.people/e.present.people,o=t.people<Ve?"few":"",a=i?D(t.events):void 0;return p`<div class="cell ${o}" ${C({"--heat":Math.min(1,s).toFixed(3)})}>
    <mp-number .figure=${t} .text=${a} .label=${ut(e,i?`${n}, ${l("map.events",{n:t.events})}`:n)}></mp-number>
    <small>${Y(s)}</small></div>`}function Ke(e,t){let n=t>1?e*(zs-1)/(t-1):zs-3;return`var(--stage-${1+Math.round(n)})`}var Ve,zs,_i,Ye=E(()=>{P();K();R();it();Ve=30,zs=7,_i=["moved","still_here","left"]});function Us(e){return[{id:"stock",kind:"big",text:l("map.stock"),hint:l("map.stock.hint"),cell:t=>p`<mp-number .figure=${t.stock}
        .label=${ut(t,l("map.stock"))}></mp-number>`},{id:"entered",kind:"plain",text:l("map.entered"),hint:l("map.entered.hint"),cell:t=>p`<mp-number .figure=${t.entered}
        .label=${ut(t,l("map.entered"))}></mp-number>`},{id:"conversion",kind:"step",text:l("map.conversion"),hint:l("map.conversion.hint"),cell:t=>Fl(t,e)},{id:"split",kind:"split",text:l("map.split"),hint:Gl(),cell:Ps},{id:"dwell",kind:"plain",text:l("map.dwell"),hint:l("map.dwell.hint"),cell:({dwell:t,...n})=>t.people?p`<mp-number .figure=${t}
          .text=${j(t.p50_seconds)} .label=${ut(n,l("map.dwell"))}></mp-number>
        <small>${l("map.p90",{time:j(t.p90_seconds)})}</small>`:p`<i>–</i>`}]}function Fl(e,t){if(!e.conversion)return g;let n=t.stages[t.stages.findIndex(s=>s.stage===e.stage)+1],i=e.entered.people<Ve,r=n?l("map.conversion.to",{stage:O(n)}):l("map.conversion");return p`<span class="pill ${i?"few":""}"><mp-number .figure=${e.conversion}
    .text=${Y(e.conversion.share)} .label=${ut(e,r)}></mp-number></span>`}function Gl(){return p`<span class="key">${["moved","still_here","left"].map(e=>p`
    <span><b class=${e}></b>${l(`map.${e}`)}</span>`)}</span>`}function js(e,t){let n=r=>e.lanes.map(o=>o.stages.find(a=>a.stage===r)).reduce((o,a)=>o+a.events,0),i=Object.fromEntries(e.stages.map(({stage:r})=>[r,n(r)]));return e.lanes.flatMap(r=>{let s=Object.fromEntries(r.stages.map(c=>[c.stage,c])),o=t.opened.has(r.channel),a={id:r.channel,kind:"heat",text:nt(r.channel),toggle:{open:o,turn:()=>t.turn(r.channel)},cell:c=>Rs(c,s[c.stage],nt(r.channel),{byEvents:t.byEvents,events:i[c.stage]})};return o?[a,...Wl(r.channel,t)]:[a]})}function Wl(e,t){let n=t.opened.get(e),i={id:`${e}:`,kind:"inner",text:l("section.loading"),cell:()=>""};if(!n)return[i];let r=new Map;for(let{event:o,people:a}of n.stages.flatMap(c=>c.touchpoints))r.set(o,(r.get(o)??0)+a);return[...r].sort((o,a)=>a[1]-o[1]).slice(0,Ds).map(([o])=>o).map(o=>({id:`${e}:${o}`,kind:"inner",text:o,cell:a=>{let c=n.stages.find(d=>d.stage===a.stage)?.touchpoints.find(d=>d.event===o);return c?Is(a,c,t):p`<i>–</i>`}}))}function Is(e,t,n){let i=n.byEvents?D(t.events):void 0;return p`<mp-number .figure=${t} .text=${i}
    .label=${ut(e,t.event)}></mp-number>`}function qs(e){return{id:"touchpoints",kind:"list",text:l("map.touchpoints"),hint:l("map.touchpoints.hint"),cell:t=>{let n=t.touchpoints.slice(0,Ds),i=Math.max(...n.map(r=>e.byEvents?r.events:r.people),1);return n.length?p`<ul>${n.map(r=>{let s=(e.byEvents?r.events:r.people)/i;return p`<li><span title=${r.event}>${r.event}</span>
          ${Is(t,r,e)}<b ${C({"--share":s})}></b></li>`})}</ul>`:p`<i>–</i>`}}}function Hs(e){return[...new Set(e.stages.flatMap(n=>n.abandonment.map(({rule:i})=>i)))].map(n=>({id:`rule:${n}`,kind:"list",text:ht(n),cell:i=>{let r=Zl.map(s=>i.abandonment.find(o=>o.rule===n&&o.state===s)).filter(Boolean);return r.length?p`<ul class="states">${r.map(s=>p`<li
        class=${s.state}><span>${l(`signal.${s.state}`)}</span><mp-number .figure=${s}
        .label=${ut(i,`${ht(n)}, ${l(`signal.${s.state}`)}`)}></mp-number>
        </li>`)}</ul>`:p`<i>–</i>`}}))}var Ds,bi,Zl,Bs=E(()=>{P();K();R();it();Ye();Ds=5,bi=[];Zl=["raised","recovered","expired","retracted"]});var Fs,Gs=E(()=>{P();Fs=M`
  .scroll { overflow-x: auto; margin: 0 -20px; padding: 0 20px; scroll-padding-left: 200px; }
  .scroll:focus-visible { outline-offset: -2px; }
  table { border-collapse: separate; border-spacing: 0; table-layout: fixed; width: 100%; }
  col.lane { width: 188px; }
  th, td { padding: 0 10px; vertical-align: middle; text-align: start; font-weight: 400; }
  tbody th, thead td { position: sticky; left: -20px; z-index: 1; background: var(--surface); }
  tbody th { padding: 8px 12px 8px 0; line-height: 20px; }
  tbody td { padding-block: 8px; }
  tbody tr > * { border-top: 1px solid var(--line); }
  tbody th small, tbody th .key { display: block; color: var(--ink-2); font-size: 0.75rem;
    line-height: 16px; }
  tbody + tbody tr:first-child > * { border-top-color: var(--line-strong); }
  i { font-style: normal; color: var(--ink-3); }
  small { color: var(--ink-2); font-size: 0.75rem; }

  thead th { padding: 0 2px 10px 0; vertical-align: top; }
  thead th span {
    display: block; padding: 10px 0 0 10px; border-top: 4px solid var(--stage);
    font-weight: 650; line-height: 20px; overflow-wrap: anywhere; hyphens: auto;
  }
  .big td { font-size: 1.625rem; line-height: 32px; font-weight: 600; letter-spacing: -0.02em; }
  .plain td mp-number { font-weight: 550; }
  .plain td small { display: block; line-height: 16px; }

  /* From one stage to the next: on the line between them. */
  .step td { position: relative; overflow: visible; height: 44px; }
  .step td::before {
    content: ''; position: absolute; top: 50%; left: 0; right: 0;
    border-top: 1px solid var(--line-strong);
  }
  .step td:last-child::before { right: 50%; }
  .step td:last-child::after {
    content: ''; position: absolute; right: 50%; top: calc(50% - 3px); width: 7px; height: 7px;
    border-radius: 50%; background: var(--line-strong);
  }
  .pill {
    position: absolute; right: 0; top: 50%; translate: 50% -50%; z-index: 1;
    padding: 1px 10px 1px 8px; border-radius: 12px;
    background: var(--accent-soft); color: var(--accent-ink);
    border: 1px solid var(--accent-line); font-size: 0.8125rem; font-weight: 600; line-height: 20px;
  }
  .pill::after { content: ' \\203A'; color: var(--accent); font-weight: 700; }

  .key span { display: inline-flex; align-items: center; gap: 4px; margin-inline-end: 8px; }
  .key b { width: 8px; height: 8px; border-radius: 2px; }
  .bar { display: flex; gap: 2px; height: 8px; border-radius: 4px; overflow: clip; }
  .bar b { flex: 0 1 0; min-width: 0; }
  b.moved { background: var(--moved); } b.still_here { background: var(--here); }
  b.left { background: var(--left); }
  .parts { display: flex; justify-content: space-between; gap: 4px; margin-top: 4px;
    font-size: 0.8125rem; line-height: 20px; }

  tbody.group > tr:first-child > th {
    padding: 18px 0 6px; border-top: 0; font-size: 0.75rem; letter-spacing: 0.04em;
    color: var(--ink-2); font-weight: 600; text-transform: uppercase;
  }
  tbody.group > tr:first-child > th span {
    text-transform: none; letter-spacing: 0; font-weight: 400; margin-inline-start: 8px;
  }
  tbody.group > tr:nth-child(2) > * { border-top: 1px solid var(--line); }
  .heat-row td { padding: 2px; }
  .heat-row th { padding-block: 0; }
  .heat-row > * { border-top: 0 !important; }
  .cell {
    display: flex; align-items: center; justify-content: space-between; gap: 8px; min-height: 36px;
    padding: 0 8px; border-radius: 6px;
    background-color:
      color-mix(in oklab, var(--accent) calc(4% + var(--heat) * 40%), var(--surface));
  }
  .cell.none { background: none; }
  .cell small { color: var(--ink); opacity: 1; }
  .few {
    background-image: repeating-linear-gradient(135deg, var(--hatch) 0 1px, transparent 1px 6px);
  }
  .pill.few { border-style: dashed; }
  .inner th { padding-inline-start: 28px; font-size: 0.8125rem; color: var(--ink-2);
    overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .inner td { font-size: 0.8125rem; padding-inline: 10px; }
  .inner > * { padding-block: 4px; border-top: 0 !important; }

  .turn {
    display: flex; align-items: center; gap: 6px; width: 100%; min-height: 36px; padding: 0;
    border: 0; background: none; text-align: start; cursor: pointer; border-radius: 6px;
  }
  .turn:hover { color: var(--accent-ink); }
  .turn svg { width: 12px; height: 12px; flex: none; color: var(--ink-3); }
  .turn[aria-expanded='true'] svg { rotate: 90deg; }

  .list-row > * { vertical-align: top; }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; font-size: 0.8125rem; }
  li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 8px; line-height: 20px; }
  li > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  li > b { grid-column: 1 / -1; height: 3px; border-radius: 2px; background: var(--hover);
    position: relative; overflow: clip; }
  li > b::after { content: ''; position: absolute; inset: 0; transform-origin: left;
    background: var(--here); transform: scaleX(var(--share)); }
  .states li > span::before { content: ''; display: inline-block; width: 8px; height: 8px;
    margin-inline-end: 6px; border-radius: 50%; border: 2px solid currentcolor; }
  .states .recovered > span::before { background: var(--good); border-color: var(--good); }
  .states .expired > span::before { border-color: var(--left); }
  .states .raised > span::before { background: var(--left); border-color: var(--left); }
  .states .retracted > span::before { border-style: dashed; border-color: var(--ink-3); }

  footer { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin-top: 14px;
    color: var(--ink-2); font-size: 0.75rem; }
  .scale { display: inline-flex; align-items: center; gap: 6px; }
  .scale b { width: 72px; height: 10px; border-radius: 3px;
    background: linear-gradient(90deg, color-mix(in oklab, var(--accent) 4%, var(--surface)),
      color-mix(in oklab, var(--accent) 44%, var(--surface))); }
  .scale b.few { width: 28px; background: var(--hover)
    repeating-linear-gradient(135deg, var(--hatch) 0 1px, transparent 1px 6px); }
  details { flex: 1 1 320px; } summary { cursor: pointer; width: fit-content; border-radius: 4px; }
  dl { margin: 8px 0 0; display: grid; gap: 4px 16px; grid-template-columns: max-content 1fr;
    max-width: 100ch; } dt { color: var(--ink); } dd { margin: 0; }

  @media (max-width: 640px) {
    .scroll { margin: 0 -14px; padding: 0 14px; scroll-padding-left: 130px; }
    col.lane { width: 118px; }
    tbody th, thead td { left: -14px; font-size: 0.8125rem; }
    tbody th small { display: none; }
    .big td { font-size: 1.375rem; }
    thead th span { font-size: 0.875rem; padding-inline-start: 8px; }
    dl { grid-template-columns: 1fr; }
  }
`});function Ws(e){let t=Xl[e.key],n=e.target.closest?.("td");if(!t||!n||e.target.localName!=="mp-number")return;let i=t[0]?Kl(n,t[0],e.target):Vl(n,t[1],e.target);i&&(e.preventDefault(),i.focus())}function Vl(e,t,n){let i=[...e.parentElement.querySelectorAll("td")].flatMap(vi);return i[i.indexOf(n)+t]}function Kl(e,t,n){let i=vi(e),r=i.indexOf(n);if(e.closest(".list-row")&&i[r+t])return i[r+t];let s=[...e.closest("table").rows];for(let o=e.parentElement.rowIndex+t;s[o];o+=t){let a=vi(s[o].cells[e.cellIndex]);if(a.length)return t<0&&s[o].matches(".list-row")?a.at(-1):a[0]}return null}var Xl,vi,Zs=E(()=>{Xl={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]};vi=e=>[...e?.querySelectorAll("mp-number")??[]].filter(t=>t.figure?.people)});function Jl(){let e=document.querySelector('meta[name="milepost-ingest"]')?.content??"";return e.includes("//")?e.replace(/\/$/,""):`${location.protocol}//${location.hostname}${e||":8000"}`}var Yl,wi,Xs=E(()=>{P();R();lt();V();it();Ye();Yl='{"type": "track", "event": "Product Viewed", "userId": "you", "properties": {"product_id": "p1"}}';wi=class extends z{static properties={stages:{attribute:!1},filtered:{type:Boolean},copied:{state:!0}};static styles=[X,M`
    ol.stages { list-style: none; display: flex; gap: 2px; margin: 4px 0 20px; padding: 0;
      overflow: clip; }
    ol.stages li { flex: 1 1 0; min-width: 0; padding: 10px 0 0 10px; font-weight: 600;
      border-top: 4px solid var(--stage); overflow: hidden; text-overflow: ellipsis; }
    ol.stages b { display: block; font-size: 1.625rem; line-height: 32px; color: var(--ink-3); }
    h3 { margin: 0 0 4px; font-size: 1rem; }
    p { margin: 0 0 12px; color: var(--ink-2); max-width: 72ch; }
    pre { margin: 0; padding: 14px 16px; border-radius: 8px; background: var(--ground);
      border: 1px solid var(--line); overflow-x: auto; font: 0.8125rem/20px var(--mono); }
    mark { background: var(--warn-soft); color: var(--warn); border-radius: 3px; padding: 0 2px; }
    .row { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; margin-top: 12px; }
    .watch { display: inline-flex; gap: 8px; align-items: center; color: var(--ink-2); margin: 0; }
    .watch::before { content: ''; width: 8px; height: 8px; border-radius: 50%;
      background: var(--accent); animation: beat 1.4s ease-in-out infinite; }
    @keyframes beat { 50% { opacity: 0.25; } }
    @media (prefers-reduced-motion: reduce) { .watch::before { animation: none; } }
  `];get command(){return`curl ${Jl()}/v1/events -H 'X-Write-Key: KEY' -d '${Yl}'`}render(){if(this.filtered)return p`<h3>${l("map.nobody")}</h3><p>${l("map.nobody.hint")}</p>
        <button class="control" type="button" @click=${this.clear}>${l("filters.clear")}</button>`;let[t,n]=this.command.split("KEY");return p`
      <ol class="stages">${this.stages.map((i,r)=>p`<li
        ${C({"--stage":Ke(r,this.stages.length)})}>${O(i)}<b>0</b></li>`)}</ol>
      <h3>${l("map.first")}</h3><p>${l("map.first.hint")}</p>
      <pre tabindex="0" role="group" aria-label=${l("map.first")}
        ><code>${t}<mark>KEY</mark>${n}</code></pre>
      <div class="row">
        <button class="control" type="button" @click=${this.copy}>
          ${l(this.copied?"page.copied":"map.copy")}</button>
        <p class="watch" role="status">${l("map.watching")}</p>
      </div>`}async copy(){await navigator.clipboard.writeText(this.command),this.copied=!0,setTimeout(()=>{this.copied=!1},2e3)}clear(){S(Object.fromEntries(ft.map(t=>[t,null])))}};customElements.define("mp-map-empty",wi)});var Vs={};Dt(Vs,{JourneyMap:()=>Je});function nc({text:e,hint:t,toggle:n}){if(!n){let i=t?p`<small>${t}</small>`:g;return p`<span title=${e}>${e}</span>${i}`}return p`<button class="turn" type="button" aria-expanded=${String(n.open)}
    @click=${n.turn}><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M4 2l4 4-4 4"
    fill="none" stroke="currentColor" stroke-width="1.6"/></svg>${e}</button>`}var Ql,tc,ec,Je,Ks=E(()=>{P();tt();R();zt();V();it();Ye();Bs();Gs();Zs();Xs();Ql=136,tc=["stock","entered","conversion","moved","still_here","left","dwell","channels","touchpoints","abandonment"],ec=2,Je=class extends q{static name_="map";static path="/v1/map";static seconds=5;static properties={...q.properties,opened:{state:!0},more:{state:!0}};static styles=[...q.styles,Fs];constructor(){super(),this.opened=new Map,this.more=new Map}get byEvents(){return k().count==="events"}async turn(t){this.opened.has(t)?(this.opened.delete(t),this.opened=new Map(this.opened)):await this.ask(t)}async ask(t){this.opened.has(t)||(this.opened=new Map(this.opened).set(t,null));let n=await Z("/v1/map",{...st(),channel:t});this.opened.has(t)&&(this.opened=new Map(this.opened).set(t,n))}loaded(t){let n=this.params(k());for(let i of this.opened.keys())this.ask(i).catch(()=>{});for(let i of bi)i.load(n).then(r=>{this.more=new Map(this.more).set(i,r)},()=>{});clearTimeout(this.watching),this.isEmpty(t)&&(this.watching=setTimeout(()=>this.reload({anew:!0}),ec*1e3))}disconnectedCallback(){super.disconnectedCallback(),clearTimeout(this.watching)}isEmpty(t){return t.stages.every(n=>!n.present.people&&!n.stock.people)}renderEmpty(t){let n=ft.some(i=>k()[i]);return p`<mp-map-empty .stages=${t.stages} ?filtered=${n}></mp-map-empty>`}tools(){let t=(n,i)=>p`<button type="button" aria-pressed=${String(i)}
      @click=${()=>S({count:n==="events"?n:null})}>
      ${l(`map.by.${n}`)}</button>`;return p`<div class="segmented" role="group" aria-label=${l("map.by")}>
      ${t("people",!this.byEvents)}${t("events",this.byEvents)}</div>`}render_(t){let n=188+t.stages.length*Ql;return p`<div class="scroll" tabindex="0" role="group" aria-labelledby="title">
      <table ${C({"min-width":`${n}px`})} @keydown=${Ws}>
        <caption class="hidden">${l("map.rule")}</caption>
        <colgroup><col class="lane">${t.stages.map(()=>p`<col>`)}</colgroup>
        <thead><tr><td></td>${t.stages.map((i,r)=>p`<th scope="col"><span
          ${C({"--stage":Ke(r,t.stages.length)})}>${O(i)}</span></th>`)}
        </tr></thead>
        <tbody>${this.renderRows(Us(t),t)}</tbody>
        ${this.renderGroup("channels",js(t,this),t)}
        ${this.renderGroup("what",[qs(this)],t)}
        ${this.renderGroup("abandonment",Hs(t),t)}
        ${bi.map(i=>this.more.has(i)?this.renderGroup(i.id,i.rows(this.more.get(i),this),t):g)}
      </table></div>${this.renderKey()}`}renderGroup(t,n,i){if(!n.length)return g;let r=t==="channels"?l(this.byEvents?"map.channels.events":"map.channels.hint"):l(`map.${t}.hint`);return p`<tbody class="group"><tr><th scope="rowgroup" colspan=${i.stages.length+1}>
      ${l(`map.${t}`)}<span>${r}</span></th></tr>${this.renderRows(n,i)}</tbody>`}renderRows(t,n){return Vr(t,i=>i.id,i=>p`<tr class=${`${i.kind} ${i.kind}-row`}>
      <th scope="row">${nc(i)}</th>
      ${n.stages.map(r=>p`<td>${i.cell(r)}</td>`)}</tr>`)}renderKey(){return p`<footer>
      <span class="scale"><b></b>${l("map.key.heat")}</span>
      <span class="scale"><b class="few"></b>${l("map.key.few")}</span>
      <details><summary>${l("map.how")}</summary><dl>${tc.map(t=>p`
        <dt>${l(`map.${t}`)}</dt><dd>${l(`map.how.${t}`)}</dd>`)}</dl></details>
    </footer>`}};customElements.define("mp-map",Je)});function Yt(e,t){let n=t>1?Math.round(e*6/(t-1)):3;return`var(--stage-${1+Math.max(0,Math.min(6,n))})`}function Ys(e,t,n){let i=e.indexOf(t),r=n==="first"?0:n==="last"?e.length-1:Math.max(0,Math.min(e.length-1,i+n));$i(e[r],t)}function $i(e,t){e&&(t?.setAttribute("tabindex","-1"),e.setAttribute("tabindex","0"),e.focus())}function Js(e,t){if(!e)return g;let[n,...i]=e.lines,r=e.x<130?"-10%":e.x>t-130?"-90%":"-50%",s=e.below||e.y<60?"12px":"calc(-100% - 10px)";return p`<div class="tip" aria-hidden="true"
    ${C({"--x":`${e.x}px`,"--y":`${e.y}px`,"--shift":r,"--rise":s})}>
    <b>${n}</b>${i.map(o=>p`<span>${o}</span>`)}</div>`}function vt(e,t,n,i){return p`<div class="segmented" role="group" aria-label=${e}>
    ${t.map(([r,s,o])=>p`<button type="button" ?disabled=${o}
      aria-pressed=${String(r===n)} @click=${()=>i(r)}>${s}</button>`)}
  </div>`}var Kt,Vt,Qe=E(()=>{P();it();Kt=M`
  /* Title and switches beside each other, the rule below both. */
  section { height: 100%; }
  .heading { display: contents; }
  h2 { flex: 1 1 auto; }
  .rule { order: 1; flex: 1 0 100%; margin-top: -4px; }
  .chart { position: relative; }
  .chart svg { display: block; width: 100%; overflow: visible; }
  .chart text { font-size: 12px; fill: var(--ink-2); }
  .axis line { stroke: var(--line); shape-rendering: crispEdges; }
  .mark { cursor: pointer; outline: none; }
  .tip {
    position: absolute; z-index: 3; left: var(--x); top: var(--y); max-width: 260px;
    transform: translate(var(--shift), var(--rise)); pointer-events: none;
    padding: 6px 10px; border-radius: 8px; border: 1px solid var(--line-strong);
    background: var(--raised); color: var(--ink); font-size: 0.8125rem; line-height: 20px;
    width: max-content;
  }
  .tip b { font-weight: 600; display: block; }
  .tip span { color: var(--ink-2); display: block; }
  .swatch {
    display: inline-block; width: 10px; height: 10px; border-radius: 3px; flex: none;
    background: var(--colour);
  }
`,Vt=class{constructor(t){this.host=t,this.value=0,t.addController(this)}hostConnected(){this.observer=new ResizeObserver(([t])=>{let n=Math.round(t.contentRect.width);n!==this.value&&(this.value=n,this.host.requestUpdate())}),this.observer.observe(this.host)}hostDisconnected(){this.observer.disconnect()}}});var Qs={};Dt(Qs,{Funnel:()=>tn});function yi(e=k()){return{by:e.by==="period"?"period":"cohort",order:e.order==="any"?"any":"strict"}}var tn,to=E(()=>{P();Qe();K();R();zt();V();it();tn=class extends q{static name_="funnel";static path="/v1/funnel";static styles=[...q.styles,Kt,M`
    ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; }
    .step {
      display: grid; align-items: center; gap: 0 16px; min-height: 42px;
      grid-template-columns: minmax(118px, 1.2fr) minmax(96px, 4fr) 72px 56px 98px;
    }
    .compared .step {
      column-gap: 12px;
      grid-template-columns: minmax(118px, 1fr) minmax(72px, 4fr) 64px 44px 94px 92px;
    }
    .bar .then {
      left: var(--wide); inset-block: -3px; width: 2px; border-radius: 1px;
      background: var(--ink);
    }
    .sure { color: var(--ink); font-weight: 600; }
    .step.head { color: var(--ink-2); font-size: 0.75rem; min-height: 20px; }
    .head span:nth-child(n + 3), .step > .value { text-align: end; }
    .name { position: relative; font-weight: 550; overflow-wrap: break-word; line-height: 1.25; }
    .name button {
      border: 0; background: none; color: var(--ink-2); cursor: pointer; border-radius: 4px;
      opacity: 0; padding: 0; width: 24px; height: 24px; line-height: 1;
      position: absolute; inset-inline-end: -12px; top: calc(50% - 12px);
    }
    .step:hover .name button, .name button:focus-visible { opacity: 1; }
    .name button:hover { background: var(--hover); color: var(--ink); }
    @media (hover: none) { .name button { opacity: 1; } }
    .all { margin-top: 8px; font-size: 0.8125rem; min-height: 28px; }
    .bar { position: relative; height: 28px; border-radius: 6px; background: var(--hover); }
    .bar i { position: absolute; inset: 0 auto 0 0; border-radius: 6px; width: var(--wide); }
    .bar .before {
      background: repeating-linear-gradient(135deg, var(--line) 0 2px, transparent 2px 6px);
    }
    .bar .here { background: var(--colour); min-width: 2px; transition: width 200ms; }
    .bar mp-number {
      position: absolute; top: 50%; inset-inline-start: calc(min(var(--wide), 100% - 6ch) + 8px);
      transform: translateY(-50%); font-weight: 600; padding: 0 2px; border-radius: 4px;
      background: color-mix(in srgb, var(--surface) 72%, transparent);
    }
    .bar .inside { inset-inline: auto calc(100% - var(--wide) + 8px); }
    .value { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 0.875rem; }
    .soft { color: var(--ink-2); }
    .worst { color: var(--bad); font-weight: 600; }
    dfn { display: none; color: var(--ink-2); font-size: 0.75rem; font-weight: 400; }
    dfn { font-style: normal; }
    @media (max-width: 640px) {
      .head { display: none; }
      .step, .compared .step {
        grid-template-columns: repeat(3, minmax(0, auto)); justify-content: space-between;
        padding-bottom: 8px; gap: 2px 12px;
      }
      .name, .bar { grid-column: 1 / -1; }
      .step > .value { text-align: start; }
      dfn { display: block; }
    }
    @media (prefers-reduced-motion: reduce) { .bar .here { transition: none; } }
  `];params(t){let{stage:n,...i}=st(t);return{...i,...yi(t),...t.steps&&{steps:t.steps},...t.compare&&{compare:t.compare}}}loaded({steps:t}){k().steps||(this.all=t.map(n=>n.stage))}isEmpty(t){return!t.steps.length||!t.steps[0].people}rule(){let{by:t,order:n}=yi();return`${l("funnel.first")} ${l(`funnel.counted.${t}`)} ${l(`funnel.counted.${n}`)}`}tools(){let{by:t,order:n}=yi(),i=r=>r.map(s=>[s,l(`funnel.${s}`)]);return p`${vt(l("funnel.by"),i(["cohort","period"]),t,r=>S({by:r==="cohort"?null:r}))}
    ${vt(l("funnel.order"),i(["strict","any"]),n,r=>S({order:r==="strict"?null:r}))}`}render_({steps:t}){let n=t.slice(1).map(o=>o.of_previous).filter(o=>o!==null),i=n.length>1?Math.min(...n):null,r=t.some(o=>o.before),s=["step","people","next","all","wait",...r?["before"]:[]];return p`<div class=${r?"compared":""}><div class="step head" aria-hidden="true">
      ${s.map(o=>p`<span>${l(`funnel.${o}`)}</span>`)}
    </div><ol>${t.map((o,a)=>this.renderStep(o,a,t,i))}</ol>
    ${k().steps?p`<button class="control all" type="button"
      @click=${()=>S({steps:null})}>${l("funnel.every")}</button>`:g}</div>`}renderStep(t,n,i,r){let s=n?i[n-1].of_first:null,o=t.of_first??0,a=this.all?.includes(t.stage)?this.all:i.map(h=>h.stage),c=Yt(a.indexOf(t.stage),a.length),d=n>0&&t.of_previous!==null&&t.of_previous===r,u=(h,f,_)=>p`<span class="value ${_}">
      <dfn>${l(`funnel.${h}`)}</dfn>${f}</span>`;return p`<li class="step">
      <span class="name">${O(t)}${i.length>2?p`<button type="button"
        aria-label=${l("funnel.without",{name:O(t)})}
        title=${l("funnel.without",{name:O(t)})}
        @click=${()=>S({steps:i.filter(h=>h!==t).map(h=>h.stage).join(",")})}>×</button>`:g}</span>
      <div class="bar" ${C({"--wide":`${o*100}%`})}>
        ${s?p`<i class="before" ${C({"--wide":`${s*100}%`})}></i>`:g}
        <i class="here" ${C({"--colour":c,"--wide":`${o*100}%`})}></i>
        ${t.before&&n?p`<i class="then"
          ${C({"--wide":`${(t.before.of_first??0)*100}%`})}></i>`:g}
        <mp-number class=${o>.8?"inside":""} .figure=${t}
          .label=${`${l("funnel.title")}: ${O(t)}`}></mp-number>
      </div>
      ${u("next",n?Y(t.of_previous):"–",d?"worst":"")}
      ${u("all",Y(t.of_first),"soft")}
      ${u("wait",j(t.p50_seconds),"soft")}
      ${t.before?u("before",this.renderBefore(t,n),""):g}
    </li>`}renderBefore({before:t,change:n,...i},r){let s=n&&r?p`<span class=${n.certain?"sure":"soft"}
      title=${l(n.certain?"funnel.sure":"funnel.unsure")}>
      ${n.difference<0?"▼":"▲"} ${li(n.difference)}</span>`:g;return p`<mp-number .figure=${t}
      .label=${`${O(i)}: ${l("funnel.before")}`}></mp-number> ${s}`}table({steps:t}){let n=t.some(r=>r.before);return{columns:["step","people","next","all","wait","wait90",...n?["before","change"]:[]].map(r=>l(`funnel.${r}`)),rows:t.map((r,s)=>[O(r),{figure:r,label:`${l("funnel.title")}: ${O(r)}`},s?Y(r.of_previous,1):"–",Y(r.of_first,1),j(r.p50_seconds),j(r.p90_seconds),...n?[r.before&&{figure:r.before,label:`${O(r)}: ${l("funnel.before")}`},r.change&&s?li(r.change.difference):"–"]:[]])}}};customElements.define("mp-funnel",tn)});function no(e,t){let n=e.open,i=e.data.filters.flow,r=(k().flow_exclude??"").split(",").filter(Boolean),s={channel:"channel",touchpoint:"event"}[i],o=[["people",()=>e.openPeople(n)],["start",()=>S({flow_start:n.name,flow_direction:null})],["before",()=>S({flow_start:n.name,flow_direction:"backward"})],!n.name.includes(",")&&["exclude",()=>S({flow_exclude:[...r,n.name].join(","),...k().flow_start===n.name&&{flow_start:null}})],s&&["only",()=>S({[s]:n.name,flow:null,flow_start:null,flow_exclude:null})]].filter(Boolean),a=h=>{e.open=null,h&&e.updateComplete.then(()=>ic(e,n)?.focus())},c=Math.max(0,Math.min(n.x1+4-t,e.inner-190)),d=Math.max(0,Math.min(n.y0+22,e.graph.height-150)),u={"--x":`${c}px`,"--y":`${d}px`};return p`<div class="menu" role="menu" aria-label=${e.named(n)} ${C(u)}
    @keydown=${h=>rc(h,a)}
    @focusout=${h=>{h.currentTarget.contains(h.relatedTarget)||a(!1)}}>${o.map(([h,f],_)=>p`<button type="button" role="menuitem"
      tabindex=${_?-1:0}
      @click=${()=>{a(!0),f()}}>${l(`flow.menu.${h}`)}</button>`)}</div>`}function ic(e,t){return e.renderRoot.querySelector(`[data-node="${e.graph.nodes.findIndex(n=>n.key===t.key)}"]`)}function rc(e,t){let n=[...e.currentTarget.querySelectorAll("button")],i=n.indexOf(e.target),r={ArrowDown:i+1,ArrowUp:i-1,Home:0,End:n.length-1}[e.key];if(e.key==="Escape")t(!0);else if(r!==void 0)n.at(r%n.length).focus();else return;e.preventDefault(),e.stopPropagation()}var eo,io=E(()=>{P();R();V();it();eo=M`
  .menu {
    position: absolute; z-index: 4; left: var(--x); top: var(--y); min-width: 180px;
    border: 1px solid var(--line-strong); border-radius: 10px; background: var(--raised);
    padding: 4px; display: grid; font-size: 0.875rem;
  }
  .menu button {
    border: 0; background: none; text-align: start; padding: 6px 10px; border-radius: 6px;
    cursor: pointer; min-height: 32px;
  }
  .menu button:hover, .menu button:focus-visible { background: var(--hover); }
`});var so={};Dt(so,{Flow:()=>rn});function cc(e,t,n){let i=o=>o.toSorted((a,c)=>c.people-a.people)[0];if(n==="ArrowRight")return t.source?t.target:i(t.sourceLinks)?.target;if(n==="ArrowLeft")return t.source?t.source:i(t.targetLinks)?.source;if(n!=="ArrowDown"&&n!=="ArrowUp")return null;let r=t.source??t,s=e.filter(o=>o.x0===r.x0).flatMap(o=>[o,...o.sourceLinks.toSorted((a,c)=>a.y0-c.y0)]);return s[s.indexOf(t)+(n==="ArrowDown"?1:-1)]}var ro,sc,oc,ac,en,_e,lc,nn,rn,oo=E(()=>{P();Qe();K();R();zt();V();it();io();ro=["stage","channel","touchpoint"],sc=[3,6,10,20],oc=[3,4,5,6,8],ac=150,en=150,_e=10,lc=22,nn={at:0,back:0,other:1,began:2,still_here:3,left:4},rn=class extends q{static name_="flow";static path="/v1/flow";static properties={...q.properties,hovered:{state:!0},open:{state:!0}};static styles=[...q.styles,Kt,eo,M`
    .outer { position: relative; }
    .scroll { overflow-x: auto; overflow-y: hidden; padding-top: 22px; }
    .chart { min-width: var(--least); }
    .links path { fill: none; stroke: var(--colour); stroke-opacity: 0.32; }
    .links .ends { stroke-opacity: 0.2; }
    .links .mark:hover, .links .mark:focus-visible, .links .lit { stroke-opacity: 0.7; }
    .links.some path:not(.lit) { stroke-opacity: 0.1; }
    .links .mark:focus-visible { stroke-dasharray: 6 3; }
    .nodes rect { fill: var(--colour); }
    .nodes .mark:focus-visible { stroke: var(--accent); stroke-width: 3; paint-order: stroke; }
    .nodes .hatch { fill: url(#hatch); pointer-events: none; }
    .label {
      position: absolute; left: var(--x); top: var(--y); transform: translateY(-50%);
      width: var(--wide); display: flex; gap: 5px; align-items: baseline; line-height: 18px;
      font-size: 0.8125rem; pointer-events: none; text-shadow: 0 0 3px var(--surface),
        0 0 3px var(--surface), 0 0 2px var(--surface);
    }
    .label span {
      pointer-events: auto; cursor: pointer; overflow: hidden; text-overflow: ellipsis;
      white-space: nowrap;
    }
    .label mp-number { font-weight: 650; pointer-events: auto; }
    .label.end span { color: var(--ink-2); }
    .steps { position: absolute; top: -22px; left: var(--x); font-size: 0.75rem;
      color: var(--ink-2); white-space: nowrap; }
    .chips { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 8px; }
    .chips .control { min-height: 28px; font-size: 0.8125rem; }
    select.control { padding-inline-end: 6px; }
  `];constructor(){super(),this.width=new Vt(this),this.hovered=null,this.open=null}params(t){let{stage:n,...i}=st(t),r=ro.includes(t.flow)?t.flow:"stage",s={start:t.flow_start,exclude:t.flow_exclude,top:t.flow_top,steps:t.flow_steps,direction:t.flow_direction},o=Object.entries(s).filter(([,a])=>a);return{...i,node:r,...Object.fromEntries(o)}}loaded(t){this.open=null,this.hovered=null;let n=t.columns.flatMap(i=>i.nodes).filter(i=>i.name);this.labels={...this.labels,...Object.fromEntries(n.map(i=>[i.name,i.labels]))}}isEmpty(t){return!t.columns[0].total.people}renderEmpty(){return p`${this.renderChips()}<p class="empty">${l("flow.empty")}</p>`}rule(){let t=k(),n=this.params(t).node,i=t.flow_direction==="backward"?"flow.counted.backward":"flow.counted.ends";return`${l(`flow.counted.${n}`)} ${l("flow.counted.columns")} ${l(i)}`}tools(){let t=k(),n=this.params(t).node,i=(r,s,o,a)=>p`<select class="control"
      aria-label=${l(`flow.${r}`)} @change=${c=>S({[s]:c.target.value})}>
      ${o.map(c=>p`<option value=${c} ?selected=${c===a}>
        ${l(`flow.${r}.n`,{n:c})}</option>`)}</select>`;return p`
      ${vt(l("flow.kind"),ro.map(r=>[r,l(`flow.${r}`)]),n,r=>S({flow:r,flow_start:null,flow_exclude:null}))}
      ${vt(l("flow.direction"),["forward","backward"].map(r=>[r,l(`flow.${r}`)]),t.flow_direction??"forward",r=>S({flow_direction:r==="forward"?null:r}))}
      ${i("steps","flow_steps",oc,Number(t.flow_steps??5))}
      ${i("top","flow_top",sc,Number(t.flow_top??6))}`}named(t){if(!t.name)return l(`flow.${t.kind}`);let n=this.data.filters.flow==="channel"?nt(t.name):t.labels&&Object.keys(t.labels).length?O(t):t.name;return t.kind==="back"?l("flow.back",{name:n}):n}colour(t){if(t.kind==="left")return"var(--left)";if(t.kind==="still_here"||t.kind==="began")return"var(--here)";if(t.kind==="other")return"var(--ink-3)";let n=this.data.stages.indexOf(t.name);return this.data.filters.flow==="stage"?Yt(n,this.data.stages.length):"var(--stage-4)"}get inner(){return this.width.value-(this.width.value>640?42:30)}layout(t){let{columns:n,filters:i}=this.data,r=i.flow_direction==="backward",s=n.flatMap(({step:u,nodes:h})=>h.map(f=>({...f,step:u,key:`${u} ${f.node}`}))),o=n.flatMap(({step:u,links:h})=>h.map(f=>{let _=[`${u} ${f.node}`,`${u+1} ${f.next}`],[b,T]=r?_.reverse():_;return{people:f.people,query:f.query,share:f.share,value:f.people,source:b,target:T}})),a=Math.max(...n.map(({nodes:u})=>u.length)),c=Math.max(200,a*28+160),d=ts().nodeId(u=>u.key).nodeWidth(_e).nodePadding(22).nodeAlign(u=>r?n.length-u.step:u.step-1).nodeSort((u,h)=>nn[u.kind]-nn[h.kind]||h.people-u.people).extent([[1,4],[t-en,c-4]])({nodes:s,links:o});for(let u of d.links)u.key=`${u.source.key}>${u.target.key}`;return d.nodes.sort((u,h)=>u.x0-h.x0||u.y0-h.y0),{...d,height:c,back:r}}render_(t){let n=t.columns.length,i=n*ac,r=Math.max(i,this.inner),s=this.layout(r);this.graph=s;let o=(r-en-_e-1)/(n-1),a=[...s.nodes,...s.links].find(d=>d.key===this.hovered),c=this.renderRoot.querySelector(".scroll")?.scrollLeft??0;return p`${this.renderChips()}<div class="outer"><div class="scroll"
      @scroll=${()=>{this.hovered=null,this.open=null}}>
      <div class="chart" ${C({"--least":`${i}px`})}
        @pointerleave=${()=>{this.hovered=null}}>
        <svg viewBox="0 0 ${r} ${s.height}" height=${s.height} role="group"
          aria-label=${l("flow.title")} @keydown=${d=>this.pressed(d)}>
          <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"><rect width="3" height="6" fill="var(--surface)"
            fill-opacity="0.5"></rect></pattern></defs>
          <g class="links ${a?"some":""}">${s.links.map((d,u)=>this.renderLink(d,u,a&&[d,d.source,d.target].includes(a)))}</g>
          <g class="nodes">${s.nodes.map((d,u)=>this.renderNode(d,u))}</g>
        </svg>
        ${t.columns.map(({step:d})=>p`<span class="steps" ${C({"--x":`${1+o*(s.back?n-d:d-1)}px`})}>
          ${l("flow.step",{n:d})}</span>`)}
        ${s.nodes.map(d=>this.renderLabel(d,d.x1>r-en-1?en:o))}
      </div></div>
      ${this.open?no(this,c):Js(this.tipOf(a,c),this.inner)}</div>`}renderLink(t,n,i){let r=[t.source.kind,t.target.kind].every(s=>nn[s]>1);return W`<path class="mark ${i?"lit":""} ${r?"ends":""}" role="button"
      tabindex="-1" d=${ns()(t)} stroke-width=${Math.max(1,t.width)}
      aria-label=${this.told(t)} data-link=${n} ${C({"--colour":this.colour(t.target)})}
      @pointerenter=${()=>{this.hovered=t.key}} @focus=${()=>{this.hovered=t.key}}
      @blur=${()=>{this.hovered=null}} @click=${()=>this.openPeople(t)}></path>`}renderNode(t,n){let i=Math.max(1,t.y1-t.y0);return W`<rect class="mark" role="button" aria-haspopup=${t.name?"menu":"false"}
        tabindex=${n?-1:0} x=${t.x0} y=${t.y0} width=${_e} height=${i} rx="2"
        data-node=${n} aria-label=${this.told(t)} ${C({"--colour":this.colour(t)})}
        @pointerenter=${()=>{this.hovered=t.key}}
        @focus=${()=>{this.hovered=t.key}} @blur=${()=>{this.hovered=null}}
        @click=${()=>this.chosen(t)}></rect>
      ${t.kind==="back"||t.kind==="other"?W`<rect class="hatch" x=${t.x0}
        y=${t.y0} width=${_e} height=${i}></rect>`:g}`}renderLabel(t,n){let i={"--x":`${t.x1+6}px`,"--y":`${(t.y0+t.y1)/2}px`,"--wide":`${Math.min(n-_e,220)-10}px`};return p`<div class="label ${nn[t.kind]>1?"end":""}" ${C(i)}>
      <span @click=${()=>this.chosen(t)}>${this.named(t)}</span>
      <mp-number .figure=${t} .label=${this.titleOf(t)}></mp-number></div>`}renderChips(){let t=k(),n=(o,a)=>p`<button class="control" type="button"
      @click=${()=>S(a)}>${o} <span aria-hidden="true">×</span>
      <span class="hidden">${l("flow.undo")}</span></button>`,i=(t.flow_exclude??"").split(",").filter(Boolean),r=o=>this.data?this.named({kind:"at",name:o,labels:this.labels?.[o]}):o,s=i.map(o=>n(l("flow.without",{name:r(o)}),{flow_exclude:i.filter(a=>a!==o).join(",")}));if(t.flow_start){let o=t.flow_direction==="backward"?"flow.until":"flow.from";s.unshift(n(l(o,{name:r(t.flow_start)}),{flow_start:null}))}return s.length?p`<div class="chips">${s}</div>`:g}titleOf(t){let n=t.source?`${this.named(t.source)} → ${this.named(t.target)}`:`${l("flow.step",{n:t.step})}, ${this.named(t)}`;return`${l("flow.heading")}: ${n}`}told(t){return this.linesOf(t).join(", ")}linesOf(t){let n=l("number.people",{n:t.people});if(t.source){let i=this.graph?.back?t.target:t.source;return[`${this.named(t.source)} → ${this.named(t.target)}`,n,l("flow.of",{share:Y(t.share),name:this.named(i)})]}return[this.named(t),n,l("flow.all",{share:Y(t.share)})]}tipOf(t,n){if(!t)return null;let i=t.source?(t.source.x1+t.target.x0)/2:t.x0+70,r=lc+(t.y0+t.y1)/2;return{x:i-n,y:r,below:!t.source,lines:this.linesOf(t)}}openPeople(t){let n={query:t.query,people:t.people,title:this.titleOf(t)};this.dispatchEvent(new CustomEvent("open-people",{detail:n,bubbles:!0,composed:!0}))}chosen(t){if(!t.name){this.openPeople(t);return}this.open=t,this.updateComplete.then(()=>this.renderRoot.querySelector(".menu button")?.focus())}pressed(t){let n=t.target;if(t.key==="Enter"||t.key===" ")n.dispatchEvent(new MouseEvent("click"));else{let{nodes:i,links:r}=this.graph,s=i[n.dataset.node]??r[n.dataset.link],o=s&&cc(i,s,t.key);if(!o)return;let a=o.source?`[data-link="${r.indexOf(o)}"]`:`[data-node="${i.indexOf(o)}"]`;$i(this.renderRoot.querySelector(a),n)}t.preventDefault()}table({columns:t}){let n=(r,s)=>this.named(t[r-1].nodes.find(o=>o.node===s)),i=this.data.filters.flow_direction==="backward";return{columns:["table.step","table.from","table.to","table.people","table.share"].map(r=>l(`flow.${r}`)),rows:t.flatMap(({step:r,nodes:s,links:o})=>[...s.map(a=>[r,this.named(a),"–",{figure:a,label:this.titleOf({...a,step:r})},Y(a.share,1)]),...o.map(a=>{let c=[n(r,a.node),n(r+1,a.next)],[d,u]=i?c.reverse():c;return[r,d,u,{figure:a,label:`${l("flow.heading")}: ${d} → ${u}`},Y(a.share,1)]})])}}};customElements.define("mp-flow",rn)});var ao,lo=E(()=>{P();ao=M`
  .cards {
    list-style: none; margin: 0; padding: 0; max-height: 544px; overflow-y: auto;
    overscroll-behavior: contain; border-top: 1px solid var(--line);
  }
  .card {
    display: grid; grid-template-columns: minmax(0, 1fr); gap: 2px;
    padding: 10px 4px 10px 12px; border-bottom: 1px solid var(--line);
    position: relative; font-size: 0.875rem; line-height: 20px;
  }
  .card:last-child { border-bottom: 0; }
  .card::before {
    content: ''; position: absolute; inset-block: 10px; inset-inline-start: 0; width: 3px;
    border-radius: 2px; background: var(--mark);
  }
  .card:hover { background: var(--hover); }
  .raised { --mark: var(--warn); --soft: var(--warn-soft); }
  .recovered { --mark: var(--good); --soft: var(--good-soft); }
  .retracted, .expired { --mark: var(--ink-3); --soft: var(--hover); }
  .top, .what, .how { display: flex; align-items: baseline; gap: 0 12px; }
  .top { flex-wrap: wrap; font-size: 0.8125rem; }
  .state {
    display: inline-flex; align-items: center; gap: 4px; align-self: center; padding: 0 8px 0 6px;
    border-radius: 10px; color: var(--mark); background: var(--soft); font-weight: 600;
    font-size: 0.75rem;
  }
  .retracted .state, .expired .state { color: var(--ink-2); }
  .state svg { width: 12px; height: 12px; }
  .state span { display: inline-block; }
  .state span::first-letter { text-transform: uppercase; }
  .of { font-weight: 600; }
  time { margin-inline-start: auto; color: var(--ink-2); white-space: nowrap; }
  .what span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
  .what b { margin-inline-start: auto; white-space: nowrap; font-weight: 650; }
  .how { flex-wrap: wrap; color: var(--ink-2); font-size: 0.8125rem; }
  .card button {
    font: inherit; font-family: var(--mono); font-size: 0.75rem; color: var(--accent-ink);
    background: none; border: 0; margin: 0 -4px; padding: 2px 4px; border-radius: 4px;
    cursor: pointer; min-height: 24px;
  }
  /* The whole card opens it. */
  .card button::after { content: ''; position: absolute; inset: 0; }
  .card button:hover { background: none; text-decoration: underline; }
  .card button:focus-visible { outline: none; }
  .card:has(button:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px; }
  /* Room is kept for the pill: nothing moves when it comes. */
  .news {
    display: flex; align-items: center; justify-content: center; min-height: 36px;
    margin: -4px 0 4px; font-size: 0.8125rem; color: var(--ink-2);
  }
  .pill {
    padding: 0 16px; border: 0; border-radius: 16px; min-height: 32px; cursor: pointer;
    font: inherit; font-weight: 600; background: var(--accent); color: var(--on-accent);
  }
  .pill:focus-visible { outline-offset: 2px; }
  @media print { .cards { max-height: none; } .news { display: none; } }
`});var sn,co,ho=E(()=>{P();sn=e=>p`<svg viewBox="0 0 16 16" aria-hidden="true" fill="none"
  stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">
  ${W`<path d=${e}/>`}</svg>`,co={raised:sn("M8 2.5v6M8 12v1"),recovered:sn("M3 8.5l3.2 3.2L13 5"),retracted:sn("M3.5 6.5h6a3 3 0 0 1 0 6H7M6 4L3.5 6.5 6 9"),expired:sn("M8 4.5V8l2.2 1.6M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12")}});var gc={};function po({items:e},t=pc){let n=(e??[]).map(i=>{let r=i.name??i.product_id??i.sku??"";return i.quantity&&Number(i.quantity)!==1?`${r} × ${D(Number(i.quantity))}`:r}).filter(Boolean);return n.length<=t?n.length?$s(n):"":`${n.slice(0,t).join(", ")} ${l("feed.more",{n:n.length-t})}`}function fc({state:e,recovered:t,last_activity_at:n,due_at:i}){return e==="recovered"&&t?l("feed.back_after",{time:j(t.after_seconds)}):l("feed.idle_for",{time:j((new Date(i)-new Date(n))/1e3)})}function uo(e){return`…${e.slice(-6)}`}function mc(e){return new Date(e)-Date.now()<432e5?bt(e):I(e)}var ki,hc,pc,dc,uc,Ei,fo=E(()=>{P();tt();K();R();zt();V();lo();ho();ki=50,hc=500,pc=2,dc=1e4,uc=["raised","recovered","retracted","expired"],Ei=class extends q{static name_="feed";static path="/v1/signals";static styles=[...q.styles,ao];static properties={...q.properties,waiting:{state:!0},paused:{state:!0},said:{state:!0}};constructor(){super(),this.waiting=new Map,this.paused=!1}connectedCallback(){super.connectedCallback(),this.tick=setInterval(()=>document.hidden||this.requestUpdate(),3e4)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.tick)}params(t){return{limit:ki,...t.rule&&{rule:t.rule},...t.state&&{state:t.state}}}async fetch_(t,n){let[i,r]=await Promise.all([Z("/v1/signals",t,{signal:n}),at("/v1/journey",{},60).catch(()=>null)]),s=r?.definition?.abandonment??[],o=new Map((r?.definition?.stages??[]).map(c=>[c.name,c])),a=i.items.length?null:await this.nextDeadline(n);return this.waiting=new Map,{cards:i.items,rules:s,stages:o,next:a}}async nextDeadline(t){return(await Z("/v1/deadlines",{limit:1},{signal:t}).catch(()=>null))?.items[0]?.fires_not_before??null}onLive({detail:t}={}){if(!this.data)return;let n=(t?.events??[]).filter(i=>i.name==="signal");(t?.reset||t?.looked)&&super.onLive();for(let{data:i}of n)this.take(i)}take(t){let n=this.wants(t),i=this.data.cards.findIndex(r=>r.signal_id===t.signal_id);if(i>=0&&!this.paused){let r=this.data.cards.slice();r[i]=t,this.data={...this.data,cards:r}}else n&&!this.data.cards.length&&!this.paused?this.data={...this.data,cards:[t]}:n&&(this.waiting=new Map(this.waiting).set(t.signal_id,t),this.waiting.size>hc&&this.waiting.delete(this.waiting.keys().next().value),this.say())}wants(t){let{rule:n,state:i}=k(),{cards:r}=this.data;return(r.length<ki||t.due_at>=r.at(-1).due_at)&&(!n||n===t.rule)&&(!i||i===t.state)}say(){this.saying||(this.saying=setTimeout(()=>{this.saying=null,this.said=this.waiting.size?l("feed.new",{n:this.waiting.size}):""},this.said===void 0?0:dc))}async showWaiting(){let t=new Map(this.data.cards.map(i=>[i.signal_id,i]));for(let[i,r]of this.waiting)t.set(i,r);let n=[...t.values()].sort((i,r)=>i.due_at<r.due_at?1:-1);this.waiting=new Map,this.data={...this.data,cards:n.slice(0,ki)},this.said="",await this.updateComplete,this.renderRoot.querySelector(".cards")?.scrollTo({top:0}),this.renderRoot.querySelector(".card button")?.focus()}isEmpty(t){return!t.cards.length&&!this.waiting.size}renderEmpty(t){let{rule:n,state:i}=k();if(n||i)return p`<p class="empty">${l("feed.none")}
        <button class="control" type="button" @click=${()=>S({rule:null,state:null})}>
          ${l("feed.all")}</button></p>`;let r=l("feed.rules",{n:t.rules.length});return p`<p class="empty">${l("feed.empty")} ${r}
      ${t.next?l("feed.next",{time:mc(t.next)}):g}</p>`}tools(t){let{rule:n="",state:i=""}=k(),r=new Set([...t.rules.map(s=>s.name),...n?[n]:[]]);return p`
      <select class="control" aria-label=${l("feed.rule_filter")}
        @change=${({target:s})=>S({rule:s.value})}>
        <option value="" ?selected=${!n}>${l("feed.every_rule")}</option>
        ${[...r].map(s=>p`<option value=${s} ?selected=${s===n}>
          ${ht(s)}</option>`)}</select>
      <select class="control" aria-label=${l("feed.state_filter")}
        @change=${({target:s})=>S({state:s.value})}>
        <option value="" ?selected=${!i}>${l("feed.every_state")}</option>
        ${uc.map(s=>p`<option value=${s} ?selected=${s===i}>
          ${l(`signal.${s}`)}</option>`)}</select>
      <button class="control" type="button" aria-pressed=${String(this.paused)}
        @click=${()=>{this.paused=!this.paused}}>
        ${l("feed.pause")}</button>`}render_(t){let n=this.waiting.size;return p`
      <p class="hidden" role="status">${this.said??""}</p>
      <div class="news">${n?p`<button class="pill" type="button"
        @click=${this.showWaiting}>${l("feed.new",{n})}</button>`:l(this.paused?"feed.held":"feed.current")}</div>
      <ul class="cards" tabindex="-1" @keydown=${this.move}>
        ${t.cards.map(i=>p`<li class="card ${i.state}">
          ${this.renderCard(i,t)}</li>`)}
      </ul>`}renderCard(t,{stages:n}){let i=po(t),r=n.get(t.stage);return p`
      <div class="top">
        <span class="state">${co[t.state]}
          <span>${l(`signal.${t.state}`)}</span></span>
        <span class="of">${ht(t.rule)}</span>
        <time datetime=${t.due_at} title=${I(t.due_at)}>
          ${Lt(t.due_at)}</time>
      </div>
      <div class="what">
        <span>${i||l("feed.nothing")}</span>
        ${t.value?p`<b>${Zt(t.value,t.currency)}</b>`:g}
      </div>
      <div class="how">
        <button type="button" @click=${()=>this.open(t.customer_id)}
          aria-label=${l("feed.open",{who:uo(t.customer_id)})}>
          ${uo(t.customer_id)}</button>
        ${r?p`<span>${O(r)}</span>`:g}
        <span>${fc(t)}</span>
        ${t.suppressed?p`<span>${l("feed.suppressed")}</span>`:g}
      </div>`}open(t){let n={customer_id:t};this.dispatchEvent(new CustomEvent("open-customer",{detail:n,bubbles:!0,composed:!0}))}move(t){let n={ArrowDown:1,ArrowUp:-1}[t.key];if(!n)return;let i=[...this.renderRoot.querySelectorAll(".card button")],r=i.indexOf(this.renderRoot.activeElement);r<0||!i[r+n]||(t.preventDefault(),i[r+n].focus())}table(t){return{columns:["when","state","rule","items","value","stage","customer"].map(i=>l(`feed.column.${i}`)),rows:t.cards.map(i=>[I(i.due_at),l(`signal.${i.state}`),ht(i.rule),po(i,1/0),i.value?Zt(i.value,i.currency):null,t.stages.has(i.stage)?O(t.stages.get(i.stage)):i.stage,i.customer_id])}}};customElements.define("mp-feed",Ei)});var xo={};Dt(xo,{Trend:()=>an});function Si(e){let{from:t,to:n}=pn(e);return((n?new Date(n):new Date)-new Date(t??0))/xc}function mo(e){return!(Si(e)*24>go)&&(e.bucket??(Si(e)<=2?"hour":"day"))==="hour"?"hour":"day"}var on,Mi,Pt,wt,go,xc,an,_o=E(()=>{P();Qe();K();R();zt();V();it();on=200,Mi=84,Pt=40,wt=8,go=400,xc=864e5;an=class extends q{static name_="trend";static path="/v1/trend";static properties={...q.properties,cursor:{state:!0},brush:{state:!0}};static styles=[...q.styles,Kt,M`
    select.control { padding-inline-end: 6px; }
    .stock { fill: var(--colour); fill-opacity: 0.75; }
    .edge { fill: none; stroke: var(--colour); stroke-width: 2; }
    .last .stock { fill-opacity: 0.3; }
    .last .edge, .last rect { stroke-dasharray: 4 3; }
    .in { fill: var(--stage-5); }
    .out { fill: var(--left); }
    .last .in { fill-opacity: 0.35; stroke: var(--stage-5); }
    .last .out { fill-opacity: 0.35; stroke: var(--left); }
    .mark { fill: transparent; }
    .mark:hover { fill: var(--ink); fill-opacity: 0.05; }
    .mark:focus-visible { fill: var(--ink); fill-opacity: 0.08; stroke: var(--accent);
      stroke-width: 2; }
    .mark.brushed { fill: var(--accent); fill-opacity: 0.18; }
    .axis .before { stroke: var(--ink); stroke-width: 2; }
    .cursor { stroke: var(--ink-2); stroke-dasharray: 2 3; pointer-events: none; }
    svg { touch-action: pan-y; user-select: none; }
    .readout {
      display: flex; flex-wrap: wrap; align-items: center; gap: 4px 18px; margin-top: 10px;
      font-size: 0.875rem; min-height: 32px;
    }
    .readout time { font-weight: 600; min-width: 9ch; }
    .readout span { display: inline-flex; align-items: center; gap: 6px; color: var(--ink-2); }
    .readout mp-number { color: var(--ink); font-weight: 600; }
    .readout .control { margin-inline-start: auto; font-size: 0.8125rem; min-height: 28px; }
  `];constructor(){super(),this.width=new Vt(this),this.cursor=null,this.brush=null}params(t){let{stage:n,...i}=st(t),r=t.trend||n;return{...i,bucket:mo(t),...r&&{stage:r},...t.compare&&{compare:t.compare}}}loaded(t){!k().trend&&!k().stage?this.stages=t.stages:this.stages??=t.stages,this.cursor!==null&&this.cursor>=t.buckets.length&&(this.cursor=null)}isEmpty(t){return t.stages.every(({points:n})=>n.every(i=>!i.stock.people&&!i.entries.people&&!i.exits.people))}tools(){let t=k(),n=Si(t)*24>go;return p`<select class="control" aria-label=${l("trend.stage")}
        @change=${i=>S({trend:i.target.value})}>
        <option value="" ?selected=${!t.trend}>${l("trend.every")}</option>
        ${(this.stages??[]).map(i=>p`<option value=${i.stage}
          ?selected=${t.trend===i.stage}>${O(i)}</option>`)}
      </select>
      ${vt(l("trend.bucket"),[["day",l("trend.day")],["hour",l("trend.hour"),n]],mo(t),i=>S({bucket:i}))}`}named({from:t}){let n=this.data.bucket==="hour"?{day:"numeric",month:"short",hour:"2-digit",minute:"2-digit"}:{weekday:"short",day:"numeric",month:"short"};return I(t,n)}get at(){return this.cursor??this.data.buckets.length-1}render_(t){let n=t.stages.length===1,i=Math.max(280,this.width.value-(this.width.value>640?42:30)),r=t.buckets.length,s=(i-Pt)/r,o=c=>Pt+s*(c+.5),a=on+wt+(n?Mi+16:0)+24;return p`<div class="chart">
      <svg viewBox="0 0 ${i} ${a}" height=${a} role="group"
        aria-label=${`${l("trend.title")}: ${n?O(t.stages[0]):l("trend.every")}`}
        @pointerup=${()=>this.brushed()} @pointerleave=${()=>{this.brush=null}}>
        ${this.renderStock(t,i,s,o)}
        ${n?this.renderFlows(t.stages[0],i,s,o):g}
        ${this.renderDates(t,i,a,o)}
        <line class="cursor" x1=${o(this.at)} x2=${o(this.at)} y1=${wt} y2=${a-24}></line>
        ${t.buckets.map((c,d)=>W`<rect class="mark ${this.isBrushed(d)?"brushed":""}"
          x=${Pt+s*d} y=${wt} width=${s} height=${a-24-wt} rx="3"
          role="button" tabindex=${d===this.at?0:-1} aria-label=${this.told(d)}
          @focus=${()=>{this.cursor=d}} @pointerenter=${()=>this.over(d)}
          @pointerdown=${()=>{this.brush=[d,d]}}
          @keydown=${u=>this.pressed(u,d)}></rect>`)}
      </svg>
    </div>${this.renderReadout(t,n)}`}renderStock(t,n,i,r){let{stages:s,buckets:o}=t,a=s.map((A,L)=>L),c=vs().keys(a).value((A,L)=>s[L].points[A].stock.people)(o.map((A,L)=>L)),d=Math.max(1,...c.at(-1).map(A=>A[1])),u=He([0,d],[wt+on,wt]).nice(4),h=ds().x((A,L)=>r(L)).y0(A=>u(A[0])).y1(A=>u(A[1])).curve(si),f=Qn().x((A,L)=>r(L)).y(A=>u(A[1])).curve(si),_=o.length,b=jt()&&_>1,T=b?r(_-2):n,U=(A,L,F)=>W`<clipPath id=${A}>
      <rect x=${L} y="0" width=${Math.max(0,F-L)} height=${wt+on}></rect>
    </clipPath>`,B=c.map((A,L)=>W`<g ${C({"--colour":this.colour(s,L)})}>
      <path class="stock" d=${h(A)}></path><path class="edge" d=${f(A)}></path></g>`);return W`<defs>${U("whole",0,T)}${U("rest",T,n)}</defs>
      <g class="axis" aria-hidden="true">${u.ticks(4).filter(Number.isInteger).map(A=>W`
        <line x1=${Pt} x2=${n} y1=${u(A)} y2=${u(A)}></line>
        <text x=${Pt-8} y=${u(A)} dy="0.32em" text-anchor="end">${D(A)}</text>`)}</g>
      <g clip-path="url(#whole)" aria-hidden="true">${B}</g>
      ${b?W`<g class="last" clip-path="url(#rest)" aria-hidden="true">${B}</g>`:g}`}renderFlows({points:t},n,i,r){let s=Math.max(1,...t.flatMap(({entries:u,exits:h})=>[u,h]).flatMap(u=>[u.people,u.before?.people??0])),o=wt+on+16+Mi/2,a=He([0,s],[0,Mi/2-2]),c=Math.max(1,Math.min(20,i-2)),d=(u,h,f)=>u.before?.people?W`<line class="before"
      x1=${r(h)-c/2} x2=${r(h)+c/2} y1=${o+f*a(u.before.people)}
      y2=${o+f*a(u.before.people)}></line>`:g;return W`<g class="axis" aria-hidden="true">
      <line x1=${Pt} x2=${n} y1=${o} y2=${o}></line>
      ${t.map((u,h)=>W`<g class=${jt()&&h===t.length-1?"last":""}>
        <rect class="in" x=${r(h)-c/2} width=${c} y=${o-a(u.entries.people)}
          height=${a(u.entries.people)} rx="1"></rect>
        <rect class="out" x=${r(h)-c/2} width=${c} y=${o}
          height=${a(u.exits.people)} rx="1"></rect>
        ${d(u.entries,h,-1)}${d(u.exits,h,1)}</g>`)}</g>`}renderDates({buckets:t,bucket:n},i,r,s){let o=Math.ceil(t.length/Math.max(2,Math.floor((i-Pt)/76))),a={day:"numeric",month:"short"},c={hour:"numeric",minute:"2-digit"},d=t.map(h=>I(h.from,a)),u="";return W`<g aria-hidden="true">${t.map((h,f)=>{if(f%o)return g;let _=n==="hour"&&d[f]===u?I(h.from,c):d[f];return u=d[f],W`<text x=${s(f)} y=${r-6} text-anchor="middle">${_}</text>`})}</g>`}renderReadout({buckets:t,stages:n},i){let r=this.at,s=this.named(t[r]),o=(c,d,u,h)=>p`<span>
      <i class="swatch" ${C({"--colour":h})}></i>${u}
      <mp-number .figure=${d} .label=${`${O(c)}, ${s}: ${u}`}></mp-number>
      ${d.before?p`<small>${l("trend.before")} <mp-number .figure=${d.before}
        .label=${`${O(c)}: ${u}, ${l("trend.before")}`}></mp-number></small>`:g}
    </span>`,a=i?["stock","entries","exits"].map(c=>o(n[0],n[0].points[r][c],l(`trend.${c}`),this.partColour(c,n))):n.map((c,d)=>o({stage:l("trend.stock")},c.points[r].stock,O(c),this.colour(n,d)));return p`<div class="readout"><time datetime=${t[r].from}>${s}</time>${a}
      <button class="control" type="button" @click=${()=>this.narrow(r,r)}>
        ${l("trend.narrow")}</button></div>`}colour(t,n){let i=this.stages??t,r=i.findIndex(s=>s.stage===t[n].stage);return Yt(r<0?n:r,i.length)}partColour(t,n){return t==="stock"?this.colour(n,0):t==="entries"?"var(--stage-5)":"var(--left)"}told(t){let{buckets:n,stages:i}=this.data,r=i.flatMap(s=>i.length>1?[`${O(s)} ${D(s.points[t].stock.people)}`]:["stock","entries","exits"].map(o=>`${l(`trend.${o}`)} ${D(s.points[t][o].people)}`));return`${this.named(n[t])}: ${r.join(", ")}`}isBrushed(t){return!this.brush||this.brush[0]===this.brush[1]?!1:t>=Math.min(...this.brush)&&t<=Math.max(...this.brush)}over(t){this.cursor=t,this.brush&&(this.brush=[this.brush[0],t])}brushed(){let t=this.brush;this.brush=null,t&&t[0]!==t[1]&&this.narrow(Math.min(...t),Math.max(...t))}pressed(t,n){let i={ArrowLeft:-1,ArrowRight:1,Home:"first",End:"last"};if(t.key in i)Ys([...this.renderRoot.querySelectorAll(".mark")],t.target,i[t.key]);else if(t.key==="Enter"||t.key===" ")this.narrow(n,n);else return;t.preventDefault()}narrow(t,n){let{buckets:i}=this.data,r=jt()&&n===i.length-1;S({period:null,from:i[t].from,to:r?null:i[n].to,bucket:null})}table({buckets:t,stages:n}){let i=["stock","entries","exits"],r=n.length===1;return{columns:[l(`trend.${this.data.bucket}`),...r?i.map(s=>l(`trend.${s}`)):n.map(s=>O(s))],rows:t.map((s,o)=>[this.named(s),...r?i.map(a=>({figure:n[0].points[o][a],label:this.told(o)})):n.map(a=>({figure:a.points[o].stock,label:`${O(a)}, ${this.named(s)}`}))])}}};customElements.define("mp-trend",an)});var bo,vo=E(()=>{P();bo=M`
  .verdict { display: flex; align-items: center; gap: 8px; margin: 0 0 12px; font-weight: 600; }
  dl {
    display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 1px;
    margin: 0; background: var(--line); border: 1px solid var(--line); border-radius: 8px;
    overflow: clip;
  }
  dl > div { background: var(--surface); padding: 10px 14px 12px; min-width: 0; }
  dt { color: var(--ink-2); font-size: 0.8125rem; line-height: 20px; }
  dd {
    margin: 0; font-size: 1.125rem; line-height: 28px; font-weight: 600; display: flex;
    align-items: center; gap: 8px; white-space: nowrap;
  }
  dd.warn { color: var(--warn); } dd.bad { color: var(--bad); }
  .note {
    display: block; font-size: 0.75rem; line-height: 16px; font-weight: 400; color: var(--ink-2);
    white-space: normal;
  }
  .mark {
    width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 2;
    stroke-linecap: round; stroke-linejoin: round; padding: 1px; border-radius: 50%;
  }
  .mark.ok { color: var(--good); background: var(--good-soft); }
  .mark.warn { color: var(--warn); background: var(--warn-soft); }
  .mark.bad { color: var(--bad); background: var(--bad-soft); }
  .spark { width: 96px; height: 24px; margin-inline-start: auto; min-width: 0; }
  .spark polyline {
    fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke;
    stroke-linejoin: round;
  }
  details { border-top: 1px solid var(--line); font-size: 0.875rem; }
  dl + details { margin-top: 16px; }
  summary { cursor: pointer; padding: 8px 0; color: var(--ink-2); border-radius: 4px; }
  summary:hover { color: var(--ink); }
  details ul { list-style: none; margin: 0 0 12px; padding: 0; }
  details li { padding: 6px 0 6px 16px; display: flex; flex-wrap: wrap; gap: 2px 8px; }
  details li span { color: var(--ink-2); overflow-wrap: anywhere; }
  details p { margin: 0 0 12px 16px; }
  details .twin { margin-bottom: 12px; }
  code {
    font-family: var(--mono); font-size: 0.75rem; padding: 2px 6px; border-radius: 4px;
    background: var(--hover);
  }
`});function Ai({status:e},t){return[$c(e),yc(e),kc(e),Ec(e),Mc(e),Sc(e),...Ac(t),...Tc(e)]}function $c({watermark:{at:e,age_seconds:t,held_by:n},stopped:i}){let r="watermark";if(e===null)return{name:r,level:"warn",text:"–",note:l("health.no_watermark")};let s=Object.keys(i).length?"bad":t>_c?"warn":"ok",o=n&&s!=="ok"?l("health.held_by",{who:n}):l("health.complete",{time:bt(e)});return{name:r,level:s,text:j(Math.max(0,Math.round(t))),note:o}}function yc({lag:e}){if(e===null)return{name:"lag",level:"warn",text:"–",note:l("health.no_kafka")};let n=Object.values(e).reduce((i,r)=>i+r,0);return{name:"lag",level:n>vc?"warn":"ok",text:D(n),note:l("health.partitions",{n:Object.keys(e).length})}}function kc({outbox:{pending:e,oldest_seconds:t}}){return{name:"outbox",level:(t??0)>bc?"warn":"ok",text:D(e),note:e?l("health.oldest",{time:j(t)}):l("health.all_sent")}}function Ec({rejected:e}){return e===null?{name:"rejected",level:"warn",text:"–",note:l("health.no_kafka")}:{name:"rejected",level:"ok",text:D(e),note:l("health.rejected_note")}}function Mc({dead_letters:e}){return{name:"dead_letters",level:e?"bad":"ok",text:D(e),note:l(e?"health.set_aside":"health.none_aside")}}function Sc({instances:e}){let t=e.filter(n=>n.phase!=="goodbye"&&!n.released);return{name:"ingests",level:t.length?"ok":"warn",text:D(t.length),note:t.length===1?l("health.spool_is",{state:l(`health.spool.${t[0].spool}`)}):l("health.of_all",{n:e.length})}}function Ac(e){let{at:t}=kt();if(!e||t===null)return[];let n=(t-new Date(e.at))/1e3,i=Math.abs(n)>wc?"warn":"ok";return[{name:"clock",level:i,text:i==="ok"?l("health.in_step"):j(Math.abs(Math.round(n))),note:i==="ok"?l("health.clock_note"):l(n>0?"health.ahead":"health.slow")}]}function Tc({definition:e}){return e?.remaining?[{name:"recompute",level:"warn",text:D(e.remaining),note:l("health.recompute_note")}]:[]}var _c,bc,vc,wc,wo=E(()=>{K();R();ce();_c=30,bc=30,vc=1e4,wc=5});var Oc={};function $o(e){return p`<svg class="mark ${e}" viewBox="0 0 16 16" role="img"
    aria-label=${l(`health.level.${e}`)}>${W`<path d=${Cc[e]}/>`}</svg>`}function Lc(e){let t=Math.max(...e,1),n=96/(yo-1),i=96-(e.length-1)*n,r=e.map((s,o)=>`${i+o*n},${23-s/t*22}`).join(" ");return p`<svg class="spark" viewBox="0 0 96 24" preserveAspectRatio="none" aria-hidden="true">
    ${W`<polyline points=${r}/>`}</svg>`}var yo,Nc,Ti,Cc,ko=E(()=>{P();tt();K();R();ce();zt();vo();wo();yo=60,Nc=200,Ti=class e extends q{static name_="health";static path="/v1/status";static seconds=15;static styles=[...q.styles,bo];static properties={...q.properties,pulse:{state:!0}};constructor(){super(),this.rates=[],this.pulse=null}connectedCallback(){super.connectedCallback();let{signal:t}=this.leaving;window.addEventListener("pulse",({detail:i})=>this.beat(i),{signal:t}),window.addEventListener("connection",()=>this.requestUpdate(),{signal:t}),this.tick=setInterval(()=>this.onLive(),e.seconds*1e3);let{pulse:n}=kt();n&&this.beat(n)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.tick)}params(){return{}}beat(t){this.pulse=t;let n=t.touchpoints_per_second;n!==null&&(this.rates=[...this.rates,n].slice(-yo))}async fetch_(t,n){let i={limit:Nc,status:"open"},[r,s]=await Promise.all([Z("/v1/status",{},{signal:n}),Z("/v1/dead-letters",i,{signal:n}).catch(()=>({items:[]}))]);return{status:r,letters:s.items}}render_(t){let n=Ai(t,this.pulse),i=n.filter(r=>r.level!=="ok");return p`
      <p class="verdict ${i.length?"warn":"ok"}">
        ${$o(i.length?"warn":"ok")}
        ${i.length?l("health.some",{n:i.length}):l("health.well")}</p>
      <dl>
        <div class="rate">
          <dt>${l("health.rate")}</dt>
          <dd>${this.renderRate()}</dd>
          <dd class="note">${l("health.stored",{n:t.status.touchpoints})}</dd>
        </div>
        ${n.map(r=>p`<div>
          <dt>${l(`health.${r.name}`)}</dt>
          <dd class=${r.level}>${$o(r.level)}${r.text}</dd>
          <dd class="note">${r.note??g}</dd>
        </div>`)}
      </dl>
      ${this.renderHolds(t.status)}
      ${this.renderLetters(t)}
      ${this.renderRejected(t.status)}
      ${this.renderInstances(t.status)}`}renderRate(){let t=this.pulse?.touchpoints_per_second;if(t==null)return"–";let n=t>=100?ws(Math.round(t)):D(Math.round(t*10)/10);return p`${n}${this.rates.length>1?Lc(this.rates):g}`}renderHolds({watermark:t,stopped:n}){let i=t.holds;return!i.length&&!Object.keys(n).length?g:p`<details open>
      <summary>${l("health.holds",{n:i.length||Object.keys(n).length})}</summary>
      <ul>${i.map(r=>p`<li>
        <b>${r.instance??l("health.partition",{n:r.partition})}</b>
        ${l(`health.hold.${r.reason}`)}
        ${r.seconds===null?g:l("health.since",{time:j(r.seconds)})}
        <span>${r.advice}</span></li>`)}</ul>
    </details>`}renderLetters({status:t,letters:n}){if(!t.dead_letters)return g;let i=new Map;for(let r of n){let s=i.get(r.reason)??{...r,count:0};i.set(r.reason,{...s,count:s.count+1})}return p`<details>
      <summary>${l("health.letters",{n:t.dead_letters})}</summary>
      <ul>${[...i.values()].map(r=>p`<li><b>${r.reason}</b> × ${D(r.count)}
        <span>${r.message}</span>
        <code>milepost dead-letters show ${r.id}</code></li>`)}</ul>
    </details>`}renderRejected({rejected:t}){return t?p`<details>
      <summary>${l("health.refused",{n:t})}</summary>
      <p>${l("health.refused_how")} <code>milepost tail --rejected</code></p>
    </details>`:g}renderInstances({instances:t}){if(!t.length)return g;let n=["instance","heard","spool","complete"];return p`<details>
      <summary>${l("health.instances",{n:t.length})}</summary>
      <div class="twin" tabindex="0" role="group" aria-label=${l("health.instances",{n:t.length})}>
        <table><thead><tr>${n.map(i=>p`<th scope="col">
          ${l(`health.column.${i}`)}</th>`)}</tr></thead>
        <tbody>${t.map(i=>p`<tr><th scope="row">${i.instance}</th>
          <td>${I(i.last_beat_at,{dateStyle:"medium",timeStyle:"medium"})}</td>
          <td>${l(`health.spool.${i.spool}`)}</td>
          <td>${bt(i.low_watermark)}</td></tr>`)}</tbody></table></div>
    </details>`}table(t){let n=this.pulse?.touchpoints_per_second??null;return{columns:[l("health.column.figure"),l("health.column.value"),l("health.column.state")],rows:[[l("health.rate"),n===null?null:D(Math.round(n*10)/10),null],...Ai(t,this.pulse).map(i=>[l(`health.${i.name}`),i.text,l(`health.level.${i.level}`)])]}}},Cc={ok:"M3.5 8.5l3 3L12.5 5",warn:"M8 3.5v5.5M8 12v.5",bad:"M4.5 4.5l7 7M11.5 4.5l-7 7"};customElements.define("mp-health",Ti)});function Eo(e,t,n){let i=n instanceof Blob?n:new Blob([n],{type:t}),r=URL.createObjectURL(i),s=document.createElement("a");s.href=r,s.download=e,s.click(),setTimeout(()=>URL.revokeObjectURL(r),1e4)}function Mo(e,t,n=[]){let i=[e,...t].map(s=>s.map(zc).join(","));return`\uFEFF${[...n.map(s=>`# ${s.replace(/\s+/g," ")}`),...i].join(`\r
`)}\r
`}function zc(e){let t=e==null?"":String(e),n=typeof e=="string"&&/^[=+\-@\t\r]/.test(t)?`'${t}`:t;return/[",\r\n]/.test(n)?`"${n.replaceAll('"','""')}"`:n}var So=E(()=>{});async function ln(){try{let{definition:e}=await at("/v1/journey",{},60);be=e.stages??[],Ao=e.abandonment??[]}catch{}}function rt(e){return To(be,e)}function Jt(e){return To(Ao,e)}function To(e,t){let n=e.find(i=>i.name===t)?.labels??{};return n[ot()]??n.en??t}function Qt(e){let t=be.findIndex(i=>i.name===e);if(t<0)return"var(--line-strong)";let n=be.length>1?t*(Pc-1)/(be.length-1):0;return`var(--stage-${1+Math.round(n)})`}var Pc,be,Ao,te=E(()=>{tt();R();Pc=7,be=[],Ao=[]});function Ni(e){let t=new URLSearchParams(e),n=[],i=t.get("stage"),r=t.get("steps")?.split(",")??[];if(t.has("step")){let s=+t.get("step");n.push(l("drawer.step",{n:s,stage:rt(r[s-1]??String(s))}))}else if(i){let s=`drawer.part.${t.get("part")??"stock"}`,o=rt(i);n.push(gt(s)?l(s,{stage:o}):o)}else n.push(l("drawer.everybody"));for(let[s,o]of t){if(Dc.includes(s))continue;let a=`drawer.by.${s}`,c={channel:nt,rule:Jt,state:Ci}[s],d=c?.(o)??o;n.push(gt(a)?l(a,{value:d}):`${s}: ${d}`)}return[...n,Uc(t)].filter(Boolean)}function Ci(e){return gt(`signal.${e}`)?l(`signal.${e}`):e}function Uc(e){let t=e.get("part_from")??e.get("from"),n=e.get("part_to")??e.get("to");if(!t||!n)return"";let i=e.get("zone")??"UTC",r=new Intl.DateTimeFormat(ot(),{dateStyle:"medium",timeStyle:"short",timeZone:i}),[s,o]=[new Date(t),new Date(n)];return Number.isNaN(+s)||Number.isNaN(+o)?`${t} – ${n}, ${i}`:`${r.formatRange(s,o)}, ${i}`}var Rc,Dc,Li=E(()=>{R();te();Rc=["from","to","zone","part_from","part_to"],Dc=[...Rc,"stage","part","step","steps","by","order"]});var Oi,jc,Ic,zi,No=E(()=>{P();tt();So();K();R();lt();it();te();Li();Oi=50,jc=500,Ic=5e4,zi=class extends z{static properties={query:{attribute:!1},people:{attribute:!1},page:{state:!0},fault:{state:!0},exporting:{state:!0}};static styles=[X,Xt,M`
    :host { padding: 16px 20px 24px; }
    .words { margin: 0 0 16px; color: var(--ink-2); font-size: 0.875rem; }
    .words b { color: var(--ink); font-weight: 600; }
    .row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; margin: 12px 0 0;
      font-size: 0.8125rem; }
    .row span { flex: 1; color: var(--ink-2); }
    table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
    th { text-align: start; font-weight: 500; color: var(--ink-2); font-size: 0.8125rem; }
    th, td { padding: 0 12px 0 0; height: 36px; border-bottom: 1px solid var(--line);
      white-space: nowrap; }
    tbody tr { position: relative; }
    tbody tr:hover { background: var(--hover); }
    td:first-child { width: 50%; max-width: 0; overflow: hidden; text-overflow: ellipsis; }
    td button { border: 0; background: none; padding: 0; cursor: pointer; font-weight: 550;
      color: var(--accent-ink); }
    td button::after { content: ''; position: absolute; inset: 0; }
    td button:focus-visible { outline: none; }
    td button:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; }
    small { color: var(--ink-2); margin-inline-start: 8px; font-size: 0.8125rem; }
    .stage::before { content: ''; display: inline-block; width: 8px; height: 8px;
      border-radius: 50%; background: var(--stage); margin-inline-end: 8px; }
    .busy { opacity: 0.55; }
    @media (max-width: 640px) { :host { padding: 12px; } .wide { display: none; } }
  `];constructor(){super(),this.page=null,this.fault=null,this.exporting="",this.cursors=[null]}willUpdate(t){t.has("query")&&(this.cursors=[null],this.turn(0))}async turn(t){this.asking?.abort(),this.asking=new AbortController;let{signal:n}=this.asking;try{let i=this.ask(this.cursors[t],Oi,n),[r]=await Promise.all([i,ln()]);this.cursors[t+1]=r.next,this.fault=null,this.page={...r,place:t}}catch(i){i.name!=="AbortError"&&(this.fault=i)}}ask(t,n,i){let r=new URLSearchParams(this.query);return r.set("limit",n),t&&r.set("after",t),Z("/v1/customers",r.toString(),{signal:i})}async export_(){let t=[];try{for(let r=null;t.length<Ic;){this.exporting=l("drawer.exporting",{n:t.length});let{items:s,next:o}=await this.ask(r,jc);if(t.push(...s),r=o,!r)break}}catch(r){this.fault=r;return}finally{this.exporting=""}let n=["customer_id","identifiers","stage","entered_at","first_seen_at","last_seen_at"],i=t.map(r=>n.map(s=>s==="identifiers"?r.identifiers.map(({kind:o,value:a})=>`${o}:${a}`).join(" "):r[s]));Eo("milepost-people.csv","text/csv",Mo(n,i,Ni(this.query)))}render(){let[t,...n]=Ni(this.query);return p`<p class="words"><b>${t}</b>${n.map(i=>` · ${i}`)}</p>
      ${this.fault?p`<div class="fault" role="alert"><p>${l("section.fault")}
        ${this.fault.message}</p></div>`:g}
      ${this.page?this.renderPage(this.page):p`<div class="skeleton" role="status">
        <span class="hidden">${l("section.loading")}</span><i></i><i></i><i></i></div>`}`}renderPage({items:t,next:n,place:i}){let r=i*Oi+1,s=i*Oi+t.length,o=n?Math.max(this.people,s):s,a=t.length?l("drawer.range",{first:D(r),last:D(s),total:D(o)}):l("drawer.nobody");return p`<table>
        <thead><tr><th scope="col">${l("drawer.customer")}</th>
          <th scope="col">${l("drawer.stage")}</th>
          <th scope="col" class="wide">${l("drawer.since")}</th>
          <th scope="col" class="wide">${l("drawer.seen")}</th></tr></thead>
        <tbody>${t.map(c=>this.renderPerson(c))}</tbody>
      </table>
      <div class="row">
        <span role="status">${this.exporting||a}</span>
        ${t.length?p`<button class="control" type="button" ?disabled=${!!this.exporting}
          @click=${this.export_}>${l("drawer.csv")}</button>`:g}
        ${i||n?p`
          <button class="control" type="button" ?disabled=${!i}
            @click=${()=>this.turn(i-1)}>${l("drawer.previous")}</button>
          <button class="control" type="button" ?disabled=${!n}
            @click=${()=>this.turn(i+1)}>${l("drawer.next")}</button>`:g}
      </div>`}renderPerson(t){let[n,...i]=t.identifiers.map(({value:s})=>s);return p`<tr>
      <td><button type="button" @click=${()=>this.dispatchEvent(new CustomEvent("open-one",{detail:t.customer_id}))}>${n??t.customer_id}</button>
        ${i.map(s=>p`<small>${s}</small>`)}</td>
      <td><span class="stage" ${C({"--stage":Qt(t.stage)})}>
        ${t.stage==="none"?l("drawer.none"):rt(t.stage)}</span></td>
      <td class="wide">${t.entered_at?I(t.entered_at):"–"}</td>
      <td class="wide">${t.last_seen_at?Lt(t.last_seen_at):"–"}</td></tr>`}};customElements.define("mp-people",zi)});function Pi(e){return p`<svg viewBox="0 0 16 16" aria-hidden="true">
    <path d=${qc[e]??"M5 8h6"}/></svg>`}var qc,Co=E(()=>{P();qc={website:"M2 3.5h12v9H2zM2 6h12",app:"M5 2h6v12H5zM7.2 12h1.6",email:"M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5",chatbot:"M2.5 3h11v8H8l-3 2.5V11H2.5z",phone:"M4 2.5h2L7 5.5 5.5 7a8 8 0 0 0 3.5 3.5L10.5 9l3 1v2c0 1-1 1.5-2 1.5A9.5 9.5 0 0 1 2.5 4.5c0-1 .5-2 1.5-2z",offline:"M2.5 6.5 3.5 3h9l1 3.5M3 6.5v6.5h10V6.5M6.5 13V9h3v4",signal:"M8 2.5a3.5 3.5 0 0 1 3.5 3.5c0 3.5 1.5 4.5 1.5 4.5H3S4.5 9.5 4.5 6A3.5 3.5 0 0 1 8 2.5zM6.8 13h2.4"}});function Lo(e){return e==="none"?l("drawer.none"):rt(e)}function Hc(e){let t=Object.entries(e);return t.length?p`<dl>${t.map(([n,i])=>p`<dt>${n}</dt>
    <dd>${i===null?"–":JSON.stringify(i)}</dd>`)}</dl>`:g}var Ri,Oo=E(()=>{P();tt();R();te();Ri=class extends z{static properties={who:{attribute:!1},at:{attribute:!1},signal:{attribute:!1},answer:{state:!0},fault:{state:!0}};static styles=M`
    :host { display: block; font-size: 0.8125rem; color: var(--ink-2); }
    p { margin: 4px 0; max-width: 80ch; overflow-wrap: anywhere; }
    b { color: var(--ink); font-weight: 600; }
    code { font-family: var(--mono); font-size: 0.75rem; color: var(--ink);
      overflow-wrap: anywhere; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 6px 0; }
    dt { font-family: var(--mono); font-size: 0.75rem; } dd { margin: 0; color: var(--ink); }
    summary { cursor: pointer; margin-top: 6px; }
    summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
    ul { margin: 4px 0; padding-inline-start: 18px; } li { margin: 3px 0; }
  `;async willUpdate(t){if(!["who","at","signal"].some(i=>t.has(i)))return;let n=this.signal?{signal:this.signal}:{at:this.at};try{let i=await Z(`/v1/customers/${encodeURIComponent(this.who)}/explain`,n);this.answer=i}catch(i){this.fault=i}}render(){if(this.fault)return p`<p role="alert">${this.fault.message}</p>`;if(!this.answer)return p`<p role="status">${l("section.loading")}</p>`;let{stage:t,signal:n}=this.answer;if(n)return p`<p lang="en">${this.answer.text}</p>`;let i=t.entered_by;return p`<p><b>${l("event.after",{stage:Lo(t.stage)})}</b></p>
      ${i?p`<p>${l("event.rule")} <code>${i.rule}</code>${i.condition?p`, <code>${i.condition}</code>`:g}</p>${Hc(i.values)}
        <p lang="en">${i.text}</p>`:p`<p lang="en">${t.text}</p>`}
      <details><summary>${l("event.whynot")}</summary>
        <ul>${t.why_not.map(r=>p`<li><b>${Lo(r.stage)}</b>
          <span lang="en">${r.text}</span></li>`)}</ul></details>`}};customElements.define("mp-reasons",Ri)});function zo({items:e,next:t,signals:n,history:i,old:r},s){let o=new Map(i.map(h=>[`${h.cause.message_id} ${h.cause.source}`,h])),a=e.map(h=>({kind:"event",at:h.occurred_at,stage:h.stage,item:h,move:o.get(`${h.message_id} ${h.source}`),late:Fc(h)})),c=t&&e.length?e.at(-1).occurred_at:"9999",d=e[0]?.occurred_at??"",u=h=>h>=d&&h<=c;return a.push(...n.filter(h=>u(h.due_at)).map(h=>({kind:"signal",at:h.due_at,signal:h}))),a.push(...r.filter(h=>u(h.entered_at)).map(h=>({kind:"old",at:h.entered_at,entry:h}))),a.sort((h,f)=>new Date(h.at)-new Date(f.at)),Bc(a,s)}function Bc(e,t){let n=[],i=null,r=null;for(let s of e){let o=i?(new Date(s.at)-new Date(i))/1e3:0,a=o>=10800?o:0,c=s.move?r:s.stage??r;!i||t(i)!==t(s.at)?n.push({kind:"day",at:s.at,gap:a,stage:c}):a&&n.push({kind:"gap",at:s.at,gap:a,stage:c}),s.move&&n.push({kind:"stage",at:s.at,stage:s.stage,move:s.move}),r=s.stage??r,n.push({...s,stage:r}),i=s.at}return n}function Fc({occurred_at:e,received_at:t,historical:n}){let i=(new Date(t)-new Date(e))/1e3;return!n&&i>300?i:0}function Po({properties:e={},context:t={}}){let n=t?.page??{},i=Array.isArray(e.products)?e.products.map(o=>o?.name).filter(Boolean):[],r=e.name??e.title??e.subject??e.query??i.join(", "),s=e.path??n.path??e.url??n.url;return[r||s,e.order_id].filter(o=>typeof o=="string"&&o).join(" · ")}function Ro({properties:e={}}){let t=e.total??e.revenue??e.value??e.price;return e.currency&&Number.isFinite(+t)&&t!==null?[+t,e.currency]:null}var Do=E(()=>{});function Io(e){return p`<details><summary>${l("event.json")}</summary>
    <pre tabindex="0">${JSON.stringify(e,null,2)}</pre></details>`}var Uo,Di,jo,qo=E(()=>{P();K();R();lt();it();Co();te();Oo();Do();Li();Uo=["website","app","email","chatbot","phone","offline"],Di=class extends z{static properties={who:{attribute:!1},page:{attribute:!1},opened:{state:!0}};static styles=[X,M`
    ol { list-style: none; margin: 0; padding: 0; font-size: 0.875rem; }
    li { display: grid; grid-template-columns: 72px auto minmax(0, 1fr); column-gap: 12px;
      border-inline-start: 4px solid var(--stage);
      background: color-mix(in oklab, var(--stage) 7%, transparent); padding-inline: 12px; }
    time { color: var(--ink-2); font-size: 0.8125rem; line-height: 36px; white-space: nowrap; }
    .lanes { display: grid; grid-auto-flow: column; grid-auto-columns: 26px; }
    .lanes i { position: relative; display: grid; justify-items: center; min-height: 36px; }
    .lanes i::before { content: ''; position: absolute; inset-block: 0; width: 1px;
      background: var(--line-strong); opacity: 0.6; }
    .lanes svg { position: relative; box-sizing: border-box; width: 22px; height: 22px;
      margin-top: 7px; padding: 3px; border-radius: 50%;
      background: var(--surface); border: 1px solid var(--accent); color: var(--accent-ink);
      fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
    .signal .lanes svg { border-color: var(--warn); color: var(--warn); }
    .what { min-width: 0; }
    .what > button { display: block; width: 100%; min-height: 36px; padding: 6px 0; border: 0;
      background: none; text-align: start; cursor: pointer; line-height: 20px;
      overflow-wrap: anywhere; }
    .what > button:hover b { text-decoration: underline; text-underline-offset: 3px; }
    b { font-weight: 600; }
    .about { color: var(--ink-2); margin-inline-start: 8px; }
    .badge { display: inline-block; margin-inline-start: 8px; padding: 0 7px; border-radius: 9px;
      font-size: 0.75rem; line-height: 18px; background: var(--warn-soft); color: var(--warn); }
    .good { background: var(--good-soft); color: var(--good); }
    .plain { background: var(--hover); color: var(--ink-2); }
    .day, .gap { color: var(--ink-2); font-size: 0.8125rem; }
    .day .what { padding: 12px 0 4px; font-weight: 600; color: var(--ink); }
    .day .what span, .gap .what span { font-weight: 400; color: var(--ink-2); }
    .gap .what { padding: 4px 0; }
    .gap .lanes i::before, .folds .lanes i::before { background: none;
      border-inline-start: 1px dashed var(--line-strong); }
    .stage .what { padding: 8px 0 4px; }
    .chip { display: inline-flex; align-items: center; gap: 8px; font-weight: 600; }
    .chip::before { content: ''; width: 10px; height: 10px; border-radius: 3px;
      background: var(--stage); }
    .old .what { padding: 8px 0; color: var(--ink-2); } .old s { color: var(--ink); }
    .more { padding: 4px 0 14px; font-size: 0.8125rem; }
    dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 3px 16px;
      margin: 0 0 8px; }
    dt { color: var(--ink-2); } dd { margin: 0; overflow-wrap: anywhere; }
    code, pre { font-family: var(--mono); font-size: 0.75rem; }
    pre { margin: 8px 0 0; padding: 10px 12px; max-height: 320px; overflow: auto;
      border: 1px solid var(--line); border-radius: 8px; background: var(--surface); }
    summary { cursor: pointer; color: var(--accent-ink); margin-top: 6px; }
    .key { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0 0 10px; color: var(--ink-2);
      font-size: 0.8125rem; padding: 0; list-style: none; }
    .key span { display: inline-flex; gap: 5px; align-items: center; }
    .key svg { width: 14px; height: 14px; fill: none; stroke: currentColor; stroke-width: 1.5; }
    @media (max-width: 640px) {
      li { grid-template-columns: 54px auto minmax(0, 1fr); column-gap: 6px; padding-inline: 6px; }
      .lanes { grid-auto-columns: 22px; } time { font-size: 0.75rem; }
    }
  `];constructor(){super(),this.opened=new Set}willUpdate(t){t.has("who")&&(this.opened=new Set)}render(){let{items:t,signals:n}=this.page,i=new Set(t.map(({channel:o})=>o)),r=Uo.filter(o=>i.has(o));this.mixed=t.some(o=>o.historical)&&t.some(o=>!o.historical);let s=[...r,...[...i].filter(o=>!Uo.includes(o))];return n.length&&s.push("signal"),p`<p class="key">${s.map(o=>p`<span>${Pi(o)}
        ${o==="signal"?l("event.signals"):nt(o)}</span>`)}</p>
      <ol>${zo(this.page,o=>xe(o)).map((o,a)=>this.renderRow(o,s,a))}</ol>`}renderRow(t,n,i){let r=t.kind==="signal"?"signal":t.item?.channel,s=t.kind==="event"||t.kind==="signal";return p`<li class=${Xr({[t.kind]:!0,folds:t.gap>0})}
      ${C({"--stage":t.stage?Qt(t.stage):"transparent"})}>
      <time datetime=${t.at}>${s?bt(t.at):g}</time>
      <span class="lanes" aria-hidden="true">${n.map(o=>p`<i>${o===r?Pi(o):g}</i>`)}</span>
      <div class="what">${this[`${t.kind}_`](t,i)}</div></li>`}day_({at:t,gap:n}){return p`${xe(t,{weekday:"short",day:"numeric",month:"long",year:"numeric"})}
      ${n?p`<span> · ${l("event.gap",{time:j(n)})}</span>`:g}`}gap_({gap:t}){return p`<span>${l("event.gap",{time:j(t)})}</span>`}stage_({stage:t,move:n}){let i=n.left_at?(new Date(n.left_at)-new Date(n.entered_at))/1e3:null;return p`<span class="chip">${rt(t)}</span>
      <span class="about">${l(`direction.${n.direction}`)}${i===null?"":` · ${l("event.stayed",{time:j(i)})}`}</span>`}old_({entry:t}){return p`<s>${rt(t.stage)}</s> <span class="badge plain">${l("event.held",{from:I(t.recorded_at),to:I(t.superseded_at)})}</span>`}event_({item:t,move:n,late:i},r){let s=Ro(t);return p`${this.renderToggle(r,p`<b>${t.event}</b>
        <span class="hidden">, ${nt(t.channel)}</span>
        <span class="about">${Po(t)}${s?` · ${Zt(...s)}`:""}</span>
        ${i?p`<span class="badge">${l("event.late",{time:j(i)})}</span>`:g}
        ${t.historical&&this.mixed?p`<span class="badge plain">${l("event.imported")}</span>`:g}
        ${t.bot?p`<span class="badge plain">${l("event.bot")}</span>`:g}`)}
      ${this.opened.has(r)?this.renderEvent(t,n,i):g}`}signal_({signal:t},n){let{value:i,currency:r,items:s=[]}=t,o=i&&r?Zt(+i,r):"",a=[s.map(({name:c})=>c).filter(Boolean).join(", "),o];return p`${this.renderToggle(n,p`<b>${l("event.signal",{rule:Jt(t.rule)})}</b>
        <span class="badge ${t.state==="recovered"?"good":""}">
          ${Ci(t.state)}</span>
        <span class="about">${a.filter(Boolean).join(" · ")}</span>`)}
      ${this.opened.has(n)?p`<div class="more">
        <mp-reasons .who=${this.who} .signal=${t.signal_id}></mp-reasons>
        ${Io(t)}</div>`:g}`}renderToggle(t,n){let i=()=>{let r=new Set(this.opened);r.delete(t)||r.add(t),this.opened=r};return p`<button type="button" aria-expanded=${String(this.opened.has(t))}
      @click=${i}>${n}</button>`}renderEvent(t,n,i){let r=[[l("event.occurred"),I(t.occurred_at,jo)],[l("event.received"),I(t.received_at,jo)+(i?` (${l("event.late",{time:j(i)})})`:"")],[l("event.source"),`${nt(t.channel)} · ${t.source}`],[l("event.identifiers"),Object.entries(t.identifiers).map(([s,o])=>`${s}: ${o}`).join(", ")],[l("event.message"),t.message_id]];return p`<div class="more">
      <dl>${r.map(([s,o])=>p`<dt>${s}</dt><dd>${o}</dd>`)}</dl>
      <p><b>${l(n?"event.moved":"event.stood")}</b></p>
      <mp-reasons .who=${this.who} .at=${t.occurred_at}></mp-reasons>
      ${Io(t)}</div>`}},jo={dateStyle:"medium",timeStyle:"medium"};customElements.define("mp-timeline",Di)});var Gc,Wc,Zc,Ui,Ho=E(()=>{P();tt();K();R();lt();it();te();qo();Gc=200,Wc=30,Zc=["pii","admin"],Ui=class extends z{static properties={who:{attribute:!1},asOf:{attribute:!1},found:{state:!0},page:{state:!0},access:{state:!0},fault:{state:!0},revealed:{state:!0},showsOld:{state:!0}};static styles=[X,Xt,M`
    :host { padding: 16px 20px 32px; }
    .row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center;
      font-size: 0.875rem; }
    .stage { display: inline-flex; align-items: center; gap: 8px; font-weight: 650; }
    .stage::before { content: ''; width: 12px; height: 12px; border-radius: 4px;
      background: var(--stage); }
    .tag { padding: 0 8px; border-radius: 10px; line-height: 20px; font-size: 0.8125rem;
      background: var(--accent-soft); color: var(--accent-ink); }
    .soft { color: var(--ink-2); }
    dl { display: grid; grid-template-columns: 132px minmax(0, 1fr); gap: 6px 16px;
      margin: 16px 0; font-size: 0.875rem; }
    dt { color: var(--ink-2); } dd { margin: 0; overflow-wrap: anywhere; }
    dd span + span::before { content: ' · '; color: var(--ink-3); }
    .mask { padding: 8px 12px; border: 1px solid var(--line); border-radius: 8px;
      background: var(--ground); font-size: 0.8125rem; }
    .mask span { flex: 1 1 220px; }
    .plain { border-color: var(--warn); background: var(--warn-soft); }
    .bar { justify-content: space-between; margin: 20px 0 12px; padding-top: 16px;
      border-top: 1px solid var(--line); font-size: 0.8125rem; }
    h3 { margin: 0; font-size: 0.9375rem; font-weight: 650; }
    label { display: inline-flex; align-items: center; gap: 8px; min-height: 32px; }
    select { min-height: 32px; border: 1px solid var(--line); border-radius: 8px; max-width: 240px;
      background: var(--surface); padding: 0 8px; }
    @media (max-width: 640px) { :host { padding: 12px; } dl { grid-template-columns: 96px 1fr; } }
  `];constructor(){super(),this.found=this.page=this.access=this.fault=null,this.revealed=this.showsOld=!1,this.cursors=[null]}willUpdate(t){t.has("who")?(this.found=this.page=null,this.revealed=this.showsOld=!1,this.cursors=[null],this.load(0)):t.has("asOf")&&this.load(this.page?.place??0)}async load(t){this.asking?.abort(),this.asking=new AbortController;let{signal:n}=this.asking,i=`/v1/customers/${encodeURIComponent(this.who)}`,r={signal:n,reveal:this.revealed},s=this.cursors[t]?{after:this.cursors[t]}:{};try{let[o,a,c]=await Promise.all([Z(i,this.asOf?{as_of:this.asOf}:{},r),Z(`${i}/timeline`,{limit:Gc,history:"all",...s},r),at("/v1/access",{},60),ln()]);this.cursors[t+1]=a.next,this.fault=null,Object.assign(this,{found:o,page:{...a,place:t},access:c}),this.dispatchEvent(new CustomEvent("named",{detail:o.identifiers[0]?.value??o.customer_id,bubbles:!0,composed:!0}))}catch(o){o.name!=="AbortError"&&(this.fault=o)}}reveal(t){this.revealed=t,this.load(this.page?.place??0)}render(){if(this.fault&&!this.found)return p`<div class="fault" role="alert"><p>${l("section.fault")}
        ${this.fault.message}</p></div>`;if(!this.found)return p`<div class="skeleton" role="status">
        <span class="hidden">${l("section.loading")}</span><i></i><i></i><i></i></div>`;let t=this.found;return p`${this.fault?p`<div class="fault" role="alert">
        <p>${this.fault.message}</p></div>`:g}
      <div class="row">
        <span class="stage" ${C({"--stage":Qt(t.stage)})}>
          ${t.stage==="none"?l("drawer.none"):rt(t.stage)}</span>
        ${t.entered_at?p`<span class="soft">${l("customer.since",{time:I(t.entered_at),ago:Lt(t.entered_at)})}</span>`:g}
        ${t.overlays.map(({name:n,opened_at:i})=>p`<span class="tag"
          title=${I(i)}>${n}</span>`)}
      </div>
      ${this.renderFacts(t)}
      ${this.renderMask()}
      ${this.renderBar()}
      <mp-timeline .who=${this.who} .page=${this.renderable()}></mp-timeline>
      ${this.renderPages()}`}renderFacts(t){let n=Object.entries(t.traits),i=Object.entries(t.consent),r=[["customer.identifiers",t.identifiers.map(({kind:s,value:o,since:a})=>p`<span
        title=${l("customer.from",{time:I(a)})}>${s}: ${o}</span>`)],["customer.consent",i.map(([s,o])=>p`<span>${s}:
        ${l(o?"customer.given":"customer.withdrawn")}</span>`)],["customer.traits",n.map(([s,o])=>p`<span>${s}:
        ${typeof o=="object"?JSON.stringify(o):String(o)}</span>`)],["customer.open",t.episodes.map(s=>p`<span>${l("customer.due",{rule:Jt(s.rule),time:Lt(s.due_at)})}</span>`)],["customer.seen",t.first_seen_at?p`<span>${I(t.first_seen_at)}</span>
        <span>${I(t.last_seen_at)}</span>`:[]],["customer.merged",t.merged_ids.map(s=>p`<span>${s}</span>`)]];return p`<dl>${r.filter(([,s])=>s.length!==0).map(([s,o])=>p`
      <dt>${l(s)}</dt><dd>${o}</dd>`)}
      <dt>${l("customer.id")}</dt><dd>${t.customer_id}</dd></dl>`}renderMask(){let t=this.access.scopes.some(i=>Zc.includes(i)),n=this.revealed?"customer.revealed":t?"customer.masked":"customer.maynot";return p`<div class="row mask ${this.revealed?"plain":""}">
      <span role="status">${l(n)}</span>
      ${t?p`<button class="control" type="button"
        @click=${()=>this.reveal(!this.revealed)}>
        ${l(this.revealed?"customer.mask":"customer.reveal")}</button>`:g}</div>`}renderBar(){let{history:t}=this.page,n=t.filter(o=>o.superseded_at),i=t.flatMap(o=>[o.recorded_at,o.superseded_at]).filter(Boolean),r=[...new Set(i)].sort().slice(-Wc).reverse(),s=o=>this.dispatchEvent(new CustomEvent("as-of",{detail:o.target.value}));return p`<div class="row bar"><h3>${l("customer.timeline")}</h3>
      ${n.length||this.asOf?p`<label><input type="checkbox" .checked=${this.showsOld}
          @change=${o=>{this.showsOld=o.target.checked}}>
          ${l("customer.superseded",{n:n.length})}</label>
        <label>${l("customer.known")} <select @change=${s}>
          <option value="" ?selected=${!this.asOf}>${l("customer.now")}</option>
          ${r.map(o=>p`<option value=${o} ?selected=${o===this.asOf}>
            ${I(o,{dateStyle:"short",timeStyle:"medium"})}</option>`)}
        </select></label>`:g}</div>`}renderable(){let{found:t,page:n}=this,i=this.showsOld?n.history.filter(o=>o.superseded_at):[],{items:r,next:s}=n;return{items:r,next:s,signals:t.signals,history:t.history,old:i}}renderPages(){let{place:t,next:n,items:i}=this.page;return i.length?!t&&!n?g:p`<div class="row bar">
      <button class="control" type="button" ?disabled=${!t}
        @click=${()=>this.load(t-1)}>${l("customer.earlier")}</button>
      <button class="control" type="button" ?disabled=${!n}
        @click=${()=>this.load(t+1)}>${l("customer.later")}</button></div>`:p`<p class="empty">${l("customer.nothing")}</p>`}};customElements.define("mp-customer",Ui)});var Vc={};function ji(){let{open:e}=k();return e?Object.fromEntries(new URLSearchParams(e)):null}function Rt(e){S({open:e&&new URLSearchParams(e).toString()})}function Xc(){let e=document.activeElement;for(;e?.shadowRoot?.activeElement;)e=e.shadowRoot.activeElement;return e}var Ii,Bo=E(()=>{P();No();Ho();R();lt();V();Ii=class extends z{static properties={named:{state:!0}};static styles=[X,M`
    dialog {
      position: fixed; inset: 0 0 0 auto; width: min(920px, 100%); height: 100dvh;
      max-width: none; max-height: none; margin: 0; padding: 0; border: 0;
      background: var(--surface); color: var(--ink); box-shadow: -8px 0 40px rgb(0 0 0 / 0.18);
      border-inline-start: 1px solid var(--line);
    }
    dialog::backdrop { background: rgb(10 12 16 / 0.38); }
    dialog[open] { display: flex; flex-direction: column; animation: in 0.18s ease-out; }
    @keyframes in { from { transform: translateX(32px); opacity: 0; } }
    @media (prefers-reduced-motion: reduce) { dialog[open] { animation: none; } }
    .bar {
      display: flex; align-items: center; gap: 8px; padding: 12px 20px; min-height: 56px;
      border-bottom: 1px solid var(--line); flex: none;
    }
    h2 { margin: 0; flex: 1; font-size: 1.0625rem; font-weight: 650; line-height: 24px;
      overflow-wrap: anywhere; }
    .bar svg { width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 1.75; }
    .bar .control { padding: 0 8px; }
    .content { overflow: hidden auto; flex: 1; overscroll-behavior: contain; }
    @media (max-width: 640px) { .bar { padding: 8px 12px; } }
    @media print { dialog { display: none !important; } }
  `];connectedCallback(){super.connectedCallback(),this.leaving=new AbortController;let{signal:t}=this.leaving;document.addEventListener("open-people",({detail:n})=>{Rt({q:n.query,n:n.people})},{signal:t}),document.addEventListener("open-customer",({detail:n})=>{Rt({who:n.id})},{signal:t}),window.addEventListener("urlchange",()=>this.requestUpdate(),{signal:t}),window.addEventListener("langchange",()=>this.requestUpdate(),{signal:t})}disconnectedCallback(){super.disconnectedCallback(),this.leaving.abort()}willUpdate(){let t=k().open??"";t!==this.key&&(this.named=""),this.key=t}updated(){let t=this.renderRoot.querySelector("dialog"),n=ji();n&&!t.open?(this.before=Xc(),t.showModal()):!n&&t.open&&t.close();let i=n&&(n.who??"list");n&&this.view&&i!==this.view&&t.querySelector("h2").focus(),this.view=i}closed(){ji()&&Rt(null),this.before?.focus(),this.before=null}render(){let t=ji();return p`<dialog aria-labelledby="title" @close=${this.closed}
      @click=${n=>{n.target.localName==="dialog"&&n.target.close()}}
      @named=${n=>{this.named=n.detail}}>
      ${t?this.renderOpen(t):g}</dialog>`}renderOpen(t){let{who:n,as_of:i,...r}=t,s=this.named||(n?l("customer.title"):l("number.people",{n:+r.n}));return p`<div class="bar">
        ${n&&r.q!==void 0?p`<button class="control quiet" type="button"
          aria-label=${l("drawer.back")} title=${l("drawer.back")} @click=${()=>Rt(r)}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M10 3 5 8l5 5"/></svg>
        </button>`:g}
        <h2 id="title" tabindex="-1">${s}</h2>
        <button class="control quiet" type="button" aria-label=${l("drawer.close")}
          title=${l("drawer.close")} @click=${()=>Rt(null)}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8"/></svg>
        </button>
      </div>
      <div class="content">${n?p`<mp-customer .who=${n} .asOf=${i??""}
            @as-of=${o=>Rt({...r,who:n,...o.detail&&{as_of:o.detail}})}>
          </mp-customer>`:p`<mp-people .query=${r.q??""} .people=${+(r.n??0)}
            @open-one=${o=>Rt({...r,who:o.detail})}></mp-people>`}</div>`}};customElements.define("mp-drawer",Ii)});R();ce();V();var Kc=mn();await Kc;document.querySelector(".skip").textContent=l("page.skip");await Promise.all([Promise.resolve().then(()=>(ks(),ys)),Promise.resolve().then(()=>(Ts(),Rl)),Promise.resolve().then(()=>(Ns(),Ul)),Promise.resolve().then(()=>(Ls(),Cs)),Promise.resolve().then(()=>(Ks(),Vs)),Promise.resolve().then(()=>(to(),Qs)),Promise.resolve().then(()=>(oo(),so)),Promise.resolve().then(()=>(fo(),gc)),Promise.resolve().then(()=>(_o(),xo)),Promise.resolve().then(()=>(ko(),Oc)),Promise.resolve().then(()=>(Bo(),Vc))]);Yi();window.addEventListener("urlchange",()=>{let{theme:e}=k();e&&(document.documentElement.dataset.theme=e),document.documentElement.lang!==fn()&&mn()});window.addEventListener("langchange",()=>{document.querySelector(".skip").textContent=l("page.skip")});
