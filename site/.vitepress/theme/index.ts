import { useData } from "vitepress";
import DefaultTheme from "vitepress/theme";
import { defineComponent, h, onMounted, ref, watch } from "vue";
import "./style.css";

let count = 0;

/** A drawing: Mermaid makes it in the browser, in the colours that the page has. */
const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup({ code }) {
    const { isDark } = useData();
    const svg = ref("");
    async function draw(): Promise<void> {
      const { default: mermaid } = await import("mermaid");
      mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: isDark.value ? "dark" : "neutral" });
      ({ svg: svg.value } = await mermaid.render(`diagram${++count}`, decodeURIComponent(code)));
    }
    onMounted(draw);
    watch(isDark, draw);
    return () => h("div", { class: "diagram", innerHTML: svg.value });
  },
});

export default {
  extends: DefaultTheme,
  enhanceApp({ app }: { app: { component(name: string, component: unknown): void } }) {
    app.component("Diagram", Diagram);
  },
};
